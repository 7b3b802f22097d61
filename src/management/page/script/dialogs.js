// What all dialogs have in common.

/** Where the focus returns once the last dialog is closed. */
let opener = null;

function openDialog(dialog) {
  opener ??= document.activeElement;
  say();
  clearProblems(dialog);
  dialog.showModal();
}

/** A row takes the focus only when it is led there, not by every click into it. */
function focusOn(target) {
  if (target.matches('tr')) {
    target.tabIndex = -1;
    target.addEventListener('blur', () => target.removeAttribute('tabindex'), { once: true });
  }
  target.focus();
}

function giveFocusBack() {
  if (document.querySelector('dialog[open]')) return;
  // The row may have been drawn anew, or be gone.
  const row = opener?.closest('tr');
  const again = row && rowOf(row.dataset.tokenId);
  const sameButton = again?.querySelector(`[data-action="${opener.dataset.action}"]`);
  focusOn((opener?.isConnected ? opener : sameButton ?? again) ?? $('list-title'));
  opener = null;
}

/** Runs what a form asks for, once at a time; the dialog stays open, with all that was typed, unless it succeeds. */
async function submit(dialog, act) {
  const verb = dialog.querySelector('[type="submit"]');
  if (verb.ariaDisabled === 'true') return;
  clearProblems(dialog);
  verb.ariaDisabled = 'true';
  try {
    await act();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    showProblem(dialog, problem);
  } finally {
    verb.ariaDisabled = null;
  }
}

function clearProblems(dialog) {
  for (const place of dialog.querySelectorAll('[data-problem], [data-fault]')) place.replaceChildren();
  for (const control of dialog.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
}

function showProblem(dialog, problem) {
  const place = problem.field && dialog.querySelector(`[data-fault="${CSS.escape(problem.field)}"]`);
  if (problem.slug === 'lost') dialog.addEventListener('close', lookAtList, { once: true });
  if (!place) {
    const look = problem.slug === 'lost' && policy.rights.list && button('Look at the list', () => dialog.close());
    return explain(dialog.querySelector('[data-problem]'), problem, look);
  }
  place.replaceChildren(icon('warning'), element('span', {}, ...faultWords(problem)));
  const inputs = [...place.closest('.field').querySelectorAll('input:not(:disabled)')].filter(input => input.checkVisibility());
  const atFault = inputs.find(input => input.type === 'checkbox' && input.value === problem.scope);
  const control = atFault ?? inputs.find(input => input.type === 'date') ?? inputs.find(input => input.checked) ?? inputs[0];
  // A radio button cannot be invalid, only their group.
  if (control && control.type !== 'radio') control.setAttribute('aria-invalid', 'true');
  control?.focus();
}

function lookAtList() {
  $('list-title').focus();
  showList();
}

function faultWords(problem) {
  if (problem.slug !== 'name-taken' || !problem.holder) return [problem.message];
  const { id, state } = problem.holder;
  const taken = [`This name is taken by an ${state} token, `, element('code', {}, shortId(id)), '. '];
  const words = [...taken, 'Choose another, or rename or revoke that token. '];
  return policy.rights.list ? [...words, button('Show that token', () => leadTo(id), { class: 'plain' })] : words;
}

function leadTo(id) {
  $('form-dialog').addEventListener('close', () => showToken(id), { once: true });
  $('form-dialog').close();
}
