// (kind, name) => the elements of that kind and name which are shown, in the dialog on top if one is open.
const [kind, name] = arguments;
const selectors = {
  Press: 'a[href], button, summary, [role=button], [role=tab], [role=menuitem]',
  Field: 'input, select, textarea',
};
const modals = [...document.querySelectorAll('dialog:modal')];
const top = modals.find(modal => modal.contains(document.activeElement)) ?? modals.at(-1) ?? document;

return [...top.querySelectorAll(selectors[kind])]
  .filter(element => element.checkVisibility({ visibilityProperty: true }))
  .filter(element => nameOf(element) === name);
