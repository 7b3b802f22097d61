// Words for times, spans and uses.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const plural = (count, unit) => `${count.toLocaleString('en')} ${unit}${count === 1 ? '' : 's'}`;

/** 7200 -> "2 hours": in the largest unit that says it exactly. */
function span(seconds) {
  const units = [[DAY, 'day'], [HOUR, 'hour'], [MINUTE, 'minute'], [1, 'second']];
  const [length, unit] = units.find(([length]) => seconds % length === 0);
  return plural(seconds / length, unit);
}

/** "in 6 days", "5 minutes ago", rounded to the unit that people would say. */
function relative(date) {
  const seconds = (date - now()) / 1000;
  const units = [
    ['minute', MINUTE, 60], ['hour', HOUR, 48], ['day', DAY, 100], ['month', 30.44 * DAY, 24], ['year', 365.25 * DAY, Infinity],
  ];
  if (Math.abs(seconds) < 30) return seconds > 0 ? 'in a moment' : 'just now';
  const [unit, length] = units.find(([, length, limit]) => Math.round(Math.abs(seconds) / length) < limit);
  const count = Math.max(1, Math.round(Math.abs(seconds) / length));
  return seconds > 0 ? `in ${plural(count, unit)}` : `${plural(count, unit)} ago`;
}

/** The end of a day is said as its 24:00: "2 Dec, 00:00" leaves people to guess which night is meant. */
const lastMoment = date => new Date(date - 1);
const endsDay = date => lastMoment(date).getDate() !== date.getDate();

/** "1 Dec 2026, 24:00" */
function exact(date, options = { day: 'numeric', month: 'short', year: 'numeric' }) {
  const day = new Intl.DateTimeFormat('en-GB', options).format(endsDay(date) ? lastMoment(date) : date);
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(date);
  return `${day}, ${endsDay(date) ? '24:00' : time}`;
}

/** "Tue, 1 Dec 2026, 24:00 (UTC+01:00)" */
function exactWithZone(date) {
  const format = new Intl.DateTimeFormat('en', { timeZoneName: 'longOffset' });
  const parts = format.formatToParts(endsDay(date) ? lastMoment(date) : date);
  const offset = parts.find(part => part.type === 'timeZoneName').value.replace('GMT', 'UTC');
  return `${exact(date, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })} (${offset})`;
}

function accuracy(seconds) {
  const unit = { 1: 'second', [MINUTE]: 'minute', [HOUR]: 'hour', [DAY]: 'day' }[seconds];
  return unit ? `to the ${unit}` : `to within ${span(seconds)}`;
}

const lastUse = token => token.last_used
  ? `Last used ${relative(new Date(token.last_used.at))}, ${accuracy(token.last_used.accuracy_seconds)}.`
  : 'No use of it is known.';

/** The whole id is long; its beginning is what people compare with the token that they hold. */
const shortId = id => id.slice(0, 8);
