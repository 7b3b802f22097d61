// The name of what has the focus.
const focused = document.activeElement;
if (focused === document.body) return 'nothing';
const outlined = element => {
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
};
// A radio button may be drawn by what stands beside it in its label.
const drawn = [focused, ...[...(focused.labels ?? [])].flatMap(label => [label, ...label.children])];
// What a script alone can focus, a heading say, is no control.
const byKeyboard = focused.tabIndex >= 0 && focused.matches(':focus-visible');
if (byKeyboard && !drawn.some(outlined)) throw new Error(`the focus cannot be seen on ${focused.outerHTML}`);
const { left, right, top, bottom } = focused.getBoundingClientRect();
const onTop = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
if (byKeyboard && !drawn.some(element => element.contains(onTop))) throw new Error(`something hides ${focused.outerHTML}`);
return nameOf(focused);
