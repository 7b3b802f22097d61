//! Colours and letters.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);
pub const INK: RGBColor = RGBColor(0x1F, 0x23, 0x28);
pub const FAINT: RGBColor = RGBColor(0x59, 0x63, 0x6E);
pub const LINE: RGBColor = RGBColor(0xD1, 0xD9, 0xE0);
/// Ours, and what others have.
pub const OURS: RGBColor = RGBColor(0x09, 0x69, 0xDA);
pub const OTHERS: RGBColor = RGBColor(0xA8, 0xB1, 0xBB);

/// For several lines of one chart.
pub const SERIES: [RGBColor; 6] = [
    RGBColor(0x09, 0x69, 0xDB),
    RGBColor(0x82, 0x50, 0xDF),
    RGBColor(0x81, 0x8B, 0x98),
    RGBColor(0xBC, 0x4C, 0x00),
    RGBColor(0x1A, 0x7F, 0x37),
    RGBColor(0xCF, 0x22, 0x2E),
];

/// What each colour is on a dark page.
const DARK: [(RGBColor, &str); 12] = [
    (PAPER, "#0D1117"),
    (INK, "#F0F6FC"),
    (FAINT, "#9198A1"),
    (LINE, "#30363D"),
    (OURS, "#4493F8"),
    (OTHERS, "#656C76"),
    (SERIES[0], "#4493F8"),
    (SERIES[1], "#AB7DF8"),
    (SERIES[2], "#9198A2"),
    (SERIES[3], "#DB6D28"),
    (SERIES[4], "#3FB950"),
    (SERIES[5], "#F85149"),
];

const FONT: &str = "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif";

pub fn letters(size: u32, colour: &RGBColor, to: HPos) -> TextStyle<'static> {
    (FONT, size).into_font().color(colour).pos(Pos::new(to, VPos::Center))
}

/// What plotters drew, with the colours of a dark page for who has one, and a title for who does not see it.
pub fn finished(drawn: &str, title: &str) -> String {
    let dark: String = DARK
        .iter()
        .map(|(light, dark)| {
            let light = hex(*light);
            format!("[fill=\"{light}\"]{{fill:{dark}}}[stroke=\"{light}\"]{{stroke:{dark}}}")
        })
        .collect();
    let head = format!("<title>{title}</title>\n<style>@media (prefers-color-scheme:dark){{{dark}}}</style>\n");
    let (opening, rest) = drawn.split_once(">\n").expect("an element svg");
    format!("{opening} role=\"img\">\n{head}{rest}")
}

fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
