// Making elements; saying what was done and what went wrong.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

function button(text, act, attributes = {}) {
  const made = element('button', { type: 'button', ...attributes }, text);
  made.addEventListener('click', act);
  return made;
}

const bdi = text => element('bdi', {}, text);

/** A name as it stands in a sentence, kept from reordering the rest of it. */
const quoted = name => element('bdi', { class: 'name' }, `“${name}”`);

const timeOf = (date, words) => element('time', { datetime: date.toISOString(), title: exactWithZone(date) }, words);

/** A time that goes on: `freshenTimes` says it anew. */
function relativeTime(date) {
  const made = timeOf(date, relative(date));
  made.dataset.relative = '';
  return made;
}

function freshenTimes() {
  for (const time of document.querySelectorAll('time[data-relative]')) {
    time.textContent = relative(new Date(time.dateTime));
  }
  for (const row of $('rows').rows) fillState(row.querySelector('.state-cell'), tokens.get(row.dataset.tokenId));
}

/** Says what was done: seen by all, announced to screen readers, until something else is done. */
const say = (...words) => $('status').replaceChildren(...words);
const announce = words => { $('announcer').textContent = words; };

function safeLink(href, text, attributes) {
  try {
    return /^https?:$/.test(new URL(href, location).protocol) ? element('a', { href, ...attributes }, text) : null;
  } catch {
    return null;
  }
}

/** A problem's text and what can be done about it. Links out of a form open beside it: nothing typed is lost. */
function explain(place, problem, ...remedies) {
  const text = { unauthenticated: 'Sign in', 'confirmation-required': 'Confirm that it is you' }[problem.slug];
  const [words, beside] = place.closest('dialog') ? [`${text} (new tab)`, { target: '_blank', rel: 'noopener' }] : [text];
  const link = problem.link ? safeLink(problem.link, words, beside) : null;
  if (problem.slug === 'principal-changed') remedies.push(button('Reload', () => location.reload()));
  place.replaceChildren(icon('warning'), element('p', {}, problem.message), ...[link, ...remedies].filter(Boolean));
  place.scrollIntoView({ block: 'nearest' });
}
