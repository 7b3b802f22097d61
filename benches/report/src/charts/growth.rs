//! What finding a token costs as their number grows: a line for each store, both scales logarithmic.

use std::collections::BTreeMap;
use std::error::Error;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::look::{FAINT, INK, LINE, PAPER, SERIES, finished, letters};
use crate::figures::Figures;
use crate::say;

const TITLE: &str = "Finding a token: time against the number of tokens, both logarithmic";
const SIZE: (u32, u32) = (860, 440);
/// For the lines' names, at their ends.
const NAMES: u32 = 200;

pub fn growth(figures: &Figures) -> Result<String, Box<dyn Error>> {
    let mut drawn = String::new();
    draw(&SVGBackend::with_string(&mut drawn, SIZE).into_drawing_area(), &lines(figures))?;
    Ok(finished(&drawn, TITLE))
}

fn draw(area: &DrawingArea<SVGBackend<'_>, Shift>, lines: &Lines) -> Result<(), Box<dyn Error>> {
    area.fill(&PAPER)?;
    area.draw(&Text::new(TITLE, (16, 26), letters(20, &INK, HPos::Left)))?;

    let points = || lines.values().flatten();
    let least = points().map(|point| point.1).fold(1e2, f64::min) / 1.5;
    let most = points().map(|point| point.1).fold(1e3, f64::max) * 1.5;
    let tokens = points().map(|point| point.0).fold(1e4, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin_top(52)
        .margin_right(NAMES)
        .margin_left(8)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d((1e3..tokens).log_scale(), (least..most).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(LINE)
        .axis_style(LINE)
        .x_label_formatter(&|tokens| say::count(*tokens as u64))
        .y_label_formatter(&|ns| say::round_time(*ns))
        .x_label_style(letters(15, &FAINT, HPos::Center))
        .y_label_style(letters(15, &FAINT, HPos::Right))
        .draw()?;
    let mut names = Vec::new();
    for ((name, points), colour) in lines.iter().zip(SERIES.iter().cycle()) {
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
        names.extend(points.last().map(|last| (chart.backend_coord(last), name, colour)));
    }
    // Lines that end at one place have names that do not.
    names.sort_by_key(|((_, y), ..)| std::cmp::Reverse(*y));
    let mut free = i32::MAX;
    for ((x, y), name, colour) in names {
        let y = y.min(free);
        area.draw(&Text::new(name.clone(), (x + 10, y), letters(16, colour, HPos::Left)))?;
        free = y - 17;
    }
    area.present()?;
    Ok(())
}

/// A store, and what a look-up takes by the number of tokens.
type Lines = BTreeMap<String, Vec<(f64, f64)>>;

/// What is drawn, by the rows `<store> find @ <number>`.
const STORES: [&str; 4] = ["MemoryStore", "CachedStore", "SqliteStore", "PostgresStore"];

fn lines(figures: &Figures) -> Lines {
    let mut lines = Lines::new();
    for row in figures.tables("stores").iter().flat_map(|table| &table.rows) {
        let found = row.name.rsplit_once(" @ ").and_then(|(what, tokens)| {
            let store = STORES.into_iter().find(|store| what.strip_prefix(store) == Some(" find"))?;
            Some((store.to_owned(), (tokens.parse().ok()?, row.ns?)))
        });
        if let Some((store, point)) = found {
            lines.entry(store).or_default().push(point);
        }
    }
    for points in lines.values_mut() {
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
    }
    lines
}
