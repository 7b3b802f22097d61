//! Figures as text: as many digits as mean something.

/// `126 ns`, `12.4 µs`, `3.1 ms`.
pub fn time(ns: f64) -> String {
    match ns {
        _ if ns < 10.0 => format!("{ns:.1} ns"),
        _ if ns < 1e3 => format!("{ns:.0} ns"),
        _ if ns < 1e6 => format!("{} µs", digits(ns / 1e3)),
        _ if ns < 1e9 => format!("{} ms", digits(ns / 1e6)),
        _ => format!("{} s", digits(ns / 1e9)),
    }
}

/// `100 ns`, `1 µs`: of a decade.
pub fn round_time(ns: f64) -> String {
    time(ns).replace(".00 ", " ").replace(".0 ", " ")
}

/// `1,000`, `1e6`'s zeros set apart.
pub fn count(number: u64) -> String {
    let plain = number.to_string();
    let mut said = String::new();
    for (at, digit) in plain.chars().enumerate() {
        if at > 0 && (plain.len() - at).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// Three of them, or more.
pub fn digits(figure: f64) -> String {
    match figure.abs() {
        magnitude if magnitude < 10.0 => format!("{figure:.2}"),
        magnitude if magnitude < 100.0 => format!("{figure:.1}"),
        _ if figure >= 10_000.0 => count(figure.round() as u64),
        _ => format!("{figure:.0}"),
    }
}
