// What reaches beyond the side of the screen, or of a dialog, so that it would have to be scrolled for.
const edge = document.documentElement.clientWidth;
const wide = [document.documentElement, ...document.querySelectorAll('dialog[open]')]
  .filter(element => element.scrollWidth > element.clientWidth);
const beyond = [...document.body.querySelectorAll('*')]
  .filter(element => element.checkVisibility() && element.getBoundingClientRect().right > edge + 0.5);
return wide.length || innerWidth > screen.width ? [...wide, ...beyond].map(element => element.outerHTML.slice(0, 120)) : [];
