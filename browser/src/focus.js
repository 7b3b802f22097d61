// The name of what has the focus.
const focused = document.activeElement;
if (focused === document.body) return 'nothing';
const outlined = element => {
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
};
// What a script alone can focus, a heading say, is no control. A radio button may be drawn by what stands beside it in its label.
const drawn = [focused, ...[...(focused.labels ?? [])].flatMap(label => [label, ...label.children])];
if (focused.tabIndex >= 0 && focused.matches(':focus-visible') && !drawn.some(outlined)) throw new Error(`the focus cannot be seen on ${focused.outerHTML}`);
return nameOf(focused);
