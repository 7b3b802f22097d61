//! What accepting a credential costs, by what people use: a bar each, on a logarithmic scale.

use std::error::Error;

use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::combinators::LogCoord;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::look::{FAINT, INK, LINE, OTHERS, OURS, PAPER, finished, letters};
use crate::figures::{Figures, Row};
use crate::say;

const TITLE: &str = "Accepting one of 1,000 credentials: time on one core, logarithmic";
const NOTE: &str = "U: one SHA-256 of 44 bytes. A JWT or a PASETO cannot be revoked before its expiry.";
const WIDTH: u32 = 860;
const NAMES: u32 = 280;
const FIGURES: u32 = 140;
const TOP: u32 = 74;
const BAR: u32 = 30;
const BOTTOM: u32 = 44;

pub fn verification(figures: &Figures) -> Result<String, Box<dyn Error>> {
    let none = Vec::new();
    let rows = figures.tables("peers").first().map_or(&none, |table| &table.rows);
    let mut bars: Vec<(&Row, f64)> = rows.iter().filter_map(|row| Some((row, row.ns?))).collect();
    bars.sort_by(|one, other| one.1.total_cmp(&other.1));

    let height = TOP + BAR * bars.len() as u32 + BOTTOM;
    let mut drawn = String::new();
    draw(&SVGBackend::with_string(&mut drawn, (WIDTH, height)).into_drawing_area(), &bars)?;
    Ok(finished(&drawn, TITLE))
}

fn draw(area: &DrawingArea<SVGBackend<'_>, Shift>, bars: &[(&Row, f64)]) -> Result<(), Box<dyn Error>> {
    area.fill(&PAPER)?;
    area.draw(&Text::new(TITLE, (16, 26), letters(20, &INK, HPos::Left)))?;
    area.draw(&Text::new(NOTE, (16, 50), letters(15, &FAINT, HPos::Left)))?;

    let (least, most) = (10.0, bars.last().map_or(1e5, |bar| bar.1).max(1e4) * 1.1);
    let (top, bottom) = (TOP as i32, (TOP + BAR * bars.len() as u32) as i32);
    let across = NAMES as i32..(WIDTH - FIGURES) as i32;
    let scale =
        Cartesian2d::<LogCoord<f64>, RangedCoordf64>::new((least..most).log_scale(), 0.0..1.0, (across, top..bottom));
    let plot = area.clone().apply_coord_spec(scale);
    let x = |ns: f64| plot.map_coordinate(&(ns, 0.0)).0;

    for decade in (1..).map(|power| 10_f64.powi(power)).take_while(|ns| *ns <= most) {
        area.draw(&PathElement::new([(x(decade), top - 6), (x(decade), bottom)], LINE))?;
        area.draw(&Text::new(say::round_time(decade), (x(decade), bottom + 16), letters(15, &FAINT, HPos::Center)))?;
    }
    for (at, (row, ns)) in bars.iter().enumerate() {
        let upper = top + (BAR * at as u32) as i32;
        let middle = upper + BAR as i32 / 2;
        let (bar, name) = match &row.name {
            name if name.starts_with("personal-tokens") => (OURS, INK),
            name if name.starts_with("U:") => (LINE, FAINT),
            _ => (OTHERS, INK),
        };
        area.draw(&Rectangle::new([(x(least), upper + 5), (x(*ns), upper + BAR as i32 - 5)], bar.filled()))?;
        area.draw(&Text::new(row.name.clone(), (NAMES as i32 - 10, middle), letters(16, &name, HPos::Right)))?;
        let units = row.units.map(|units| format!(" · {} U", say::digits(units))).unwrap_or_default();
        let figure = format!("{}{units}", say::time(*ns));
        area.draw(&Text::new(figure, (x(*ns) + 8, middle), letters(15, &FAINT, HPos::Left)))?;
    }
    area.present()?;
    Ok(())
}
