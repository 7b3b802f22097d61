//! Spans of time as people type them: `30s`, `15m`, `24h`, `7d`.

use personal_tokens::Duration;

pub fn parse(text: &str) -> Result<Duration, String> {
    let seconds = |number: &str, unit: i64| number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let span = units.iter().find_map(|&(name, unit)| text.strip_suffix(name).and_then(|number| seconds(number, unit)));
    span.map(Duration::seconds).ok_or_else(|| format!("{text:?} is no span of time: 2s, 10m, 24h, 30d are"))
}
