// What is too small to be hit by a finger, 24 pixels either way; a link within a line of text is not counted.
return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter(element => element.checkVisibility({ visibilityProperty: true }))
  .filter(element => getComputedStyle(element).display !== 'inline')
  .map(element => ['checkbox', 'radio'].includes(element.type) ? element.labels[0] : element)
  .filter(element => {
    const { width, height } = element.getBoundingClientRect();
    return width < 24 || height < 24;
  })
  .map(element => element.outerHTML);
