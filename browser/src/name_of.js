// What people call an element. What stands on further lines of a label describes it.
const words = text => text.trim().split('\n')[0].replace(/\s+/g, ' ').trim();
const nameOf = element => words(element.getAttribute('aria-label') ?? (element.labels?.[0] ?? element).innerText);
