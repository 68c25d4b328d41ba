//! The charts: load, pods, utilization, latency, queue; one above the other over the same seconds.

use std::fmt::Write;

use super::markup::escape;
use crate::report::axis::{self, Axis};
use crate::report::number::{clock, count, target_percent, tick};
use crate::report::words::Words;
use crate::simulate::run::{Run, Sample};

/// A curve is thinned to at most four points (first, lowest, highest, last) in each of so many parts of the run.
const PARTS: usize = 1_000;

/// Rows of decision marks; neighbours take different rows.
const LANES: usize = 4;

/// Marks closer than this part of the width do not stand in one row: a finger's width on a narrow screen.
const LANE_GAP: f64 = 0.12;

/// The labels of the time axis; every second one goes on a narrow screen.
pub(super) fn times(span: u32) -> String {
    axis::times(span, 8).map(|at| format!("<span style=\"--x:{at}\">{}</span>", clock(at))).collect()
}

/// All charts of the run.
pub(super) fn charts(run: &Run, span: u32) -> String {
    let board = Board { samples: &run.samples, span, words: Words::of(run) };
    [board.load(), board.pods(run), board.utilization(run), board.latency(), board.queue()].concat()
}

struct Board<'run> {
    samples: &'run [Sample],
    span: u32,
    words: Words,
}

/// One curve: its name in data and style, its name for people, and its value.
struct Curve {
    key: &'static str,
    name: &'static str,
    look: Look,
    value: fn(&Sample) -> f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Line,
    Area,
    /// A value that holds until the next sample.
    Steps,
    StepArea,
}

/// A horizontal line with a name.
struct Level {
    name: String,
    value: f64,
    class: &'static str,
}

struct Chart<'a> {
    key: &'static str,
    title: &'static str,
    unit: &'a str,
    axis: Axis,
    curves: &'a [Curve],
    levels: Vec<Level>,
    /// Stands above the field: the marks of the decisions.
    above: String,
}

impl Board<'_> {
    fn load(&self) -> String {
        let curves = [
            Curve { key: "served", name: "served", look: Look::Area, value: |sample| sample.served },
            Curve { key: "failed", name: "failed", look: Look::Area, value: |sample| sample.failed },
            Curve { key: "offered", name: "offered", look: Look::Line, value: |sample| sample.offered },
        ];
        let axis = self.axis(&curves, 0.0);
        self.draw(Chart {
            key: "load",
            title: "Load",
            unit: &format!("{} per second", self.words.requests),
            axis,
            curves: &curves,
            levels: vec![],
            above: String::new(),
        })
    }

    fn pods(&self, run: &Run) -> String {
        // Stacked by drawing the sums from the back to the front.
        let curves = [
            Curve {
                key: "pending",
                name: "waiting for a node",
                look: Look::StepArea,
                value: |sample| f64::from(sample.ready) + f64::from(sample.starting) + f64::from(sample.pending),
            },
            Curve {
                key: "starting",
                name: "starting",
                look: Look::StepArea,
                value: |sample| f64::from(sample.ready) + f64::from(sample.starting),
            },
            Curve { key: "ready", name: "ready", look: Look::StepArea, value: |sample| f64::from(sample.ready) },
            Curve {
                key: "wanted",
                name: self.words.wanted,
                look: Look::Steps,
                value: |sample| f64::from(sample.wanted),
            },
        ];
        let drawn = self.samples.iter().flat_map(|sample| curves.iter().map(|curve| (curve.value)(sample)));
        let most = drawn.fold(1.0, f64::max);
        let (min, max) = (f64::from(run.bounds.0), run.bounds.1.map(f64::from));
        let level = |name, value| Level { name, value, class: "bound" };
        let mut levels = if Some(min) == max {
            vec![level(format!("min and max {}", count(min)), min)]
        } else {
            let max = max.map(|max| level(format!("max {}", count(max)), max));
            [Some(level(format!("min {}", count(min)), min)), max].into_iter().flatten().collect()
        };
        // A bound far above would press the pods flat; it is named in the heading of the page anyway.
        levels.retain(|level| level.value <= most * 3.0);
        let tallest = levels.iter().map(|level| level.value).fold(most, f64::max);
        let axis = Axis::over_counts([tallest].into_iter(), 5);
        let above = self.marks(run);
        self.draw(Chart { key: "pods", title: self.words.title, unit: "", axis, curves: &curves, levels, above })
    }

    fn utilization(&self, run: &Run) -> String {
        let curves = [
            Curve { key: "memory", name: "memory", look: Look::Line, value: |sample| sample.memory_percent },
            Curve { key: "cpu", name: "CPU", look: Look::Line, value: |sample| sample.cpu_percent },
        ];
        let target = |name, word, class| {
            target_percent(&run.metrics, name).map(|value| Level {
                name: format!("{word} target {} %", count(value)),
                value,
                class,
            })
        };
        let levels = [target("cpu", "CPU", "cpu"), target("memory", "memory", "memory")];
        let axis = self.axis(&curves, 100.0);
        let levels = levels.into_iter().flatten().collect();
        self.draw(Chart {
            key: "utilization",
            title: "CPU and memory",
            unit: "percent of request, ready pods",
            axis,
            curves: &curves,
            levels,
            above: String::new(),
        })
    }

    fn latency(&self) -> String {
        let curves = [
            Curve { key: "p95", name: "p95", look: Look::Line, value: |sample| sample.latency_p95_ms },
            Curve { key: "p50", name: "p50", look: Look::Line, value: |sample| sample.latency_p50_ms },
        ];
        let axis = self.axis(&curves, 0.0);
        self.draw(Chart {
            key: "latency",
            title: "Latency",
            unit: "milliseconds",
            axis,
            curves: &curves,
            levels: vec![],
            above: String::new(),
        })
    }

    fn queue(&self) -> String {
        let curves = [Curve { key: "queued", name: "queued", look: Look::Area, value: |sample| sample.queued }];
        let axis = self.axis(&curves, 0.0);
        self.draw(Chart {
            key: "queue",
            title: "Queue",
            unit: &format!("{} waiting", self.words.requests),
            axis,
            curves: &curves,
            levels: vec![],
            above: String::new(),
        })
    }

    fn axis(&self, curves: &[Curve], at_least: f64) -> Axis {
        let values = self.samples.iter().flat_map(|sample| curves.iter().map(|curve| (curve.value)(sample)));
        Axis::over(values.chain([at_least]), 5)
    }

    fn draw(&self, chart: Chart) -> String {
        let Chart { key, title, unit, axis, curves, levels, above } = chart;
        let mut out = String::new();
        let legend = curves.iter().rev().map(|curve| {
            let look = if matches!(curve.look, Look::Area | Look::StepArea) { "area" } else { "line" };
            format!("<li class=\"{}\"><i class=\"{look}\"></i>{}</li>", curve.key, curve.name)
        });
        let legend = legend.collect::<String>();
        let labels =
            axis.ticks().map(|value| format!("<span style=\"--y:{:.4}\">{}</span>", share(axis, value), tick(value)));
        let labels = labels.collect::<String>();
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "<figure class=\"chart {key}\">\n<figcaption><h3>{title}</h3><span class=\"unit\">{unit}</span>\
             <ul class=\"legend\">{legend}</ul></figcaption>\n{above}<div class=\"labels\" aria-hidden=\"true\">{labels}</div>\n\
             <div class=\"field\" data-top=\"{}\">\n<svg viewBox=\"0 0 {} 1000\" preserveAspectRatio=\"none\" role=\"img\" \
             aria-label=\"{}\">\n",
            axis.top,
            self.span,
            escape(&self.told(title, unit, curves)),
        );
        for value in axis.ticks() {
            let _ = writeln!(out, "<path class=\"rule\" d=\"M0 {y}H{span}\"/>", y = up(axis, value), span = self.span);
        }
        for curve in curves {
            self.curve(curve, axis, &mut out);
        }
        for level in &levels {
            let (y, span, class) = (up(axis, level.value), self.span, level.class);
            let _ = writeln!(out, "<path class=\"level {class}\" d=\"M0 {y}H{span}\"/>");
        }
        out.push_str("</svg>\n");
        for level in &levels {
            let here = share(axis, level.value);
            // Where another level or the end of the field lies close above, the name goes below its own line.
            let close = |other: &Level| (0.0..0.2).contains(&(share(axis, other.value) - here));
            let crowded = levels.iter().any(|other| other.name != level.name && close(other));
            let place = if crowded && here > 0.1 || here > 0.9 { "under" } else { "" };
            let (y, class, name) = (share(axis, level.value), level.class, &level.name);
            let _ = writeln!(out, "<span class=\"level {class} {place}\" style=\"--y:{y:.4}\">{name}</span>");
        }
        let dots = curves.iter().filter(|curve| curve.look != Look::StepArea);
        let dots = dots.map(|curve| format!("<i class=\"dot {key}\" data-dot=\"{key}\" hidden></i>", key = curve.key));
        let _ = write!(out, "{}<i class=\"cursor\"></i>\n</div>\n</figure>\n", dots.collect::<String>());
        out
    }

    /// What the chart shows, for those who cannot see it.
    fn told(&self, title: &str, unit: &str, curves: &[Curve]) -> String {
        let mut out = format!("{title} over time");
        for curve in curves.iter().rev() {
            let values = self.samples.iter().map(|sample| (sample.at_s, (curve.value)(sample)));
            let highest = values.filter(|(_, value)| value.is_finite()).max_by(|one, other| one.1.total_cmp(&other.1));
            if let Some((at, value)) = highest {
                let _ = write!(out, "; {} at most {} {unit} at {}", curve.name, count(value), clock(at));
            }
        }
        out
    }

    fn curve(&self, curve: &Curve, axis: Axis, out: &mut String) {
        let mut points = thinned(self.samples, curve.value, self.span);
        if curve.look == Look::Area {
            points = raised(&points);
        }
        let steps = matches!(curve.look, Look::Steps | Look::StepArea);
        for piece in points.split(Option::is_none) {
            let piece = piece.iter().flatten().copied().collect::<Vec<_>>();
            let (Some(first), Some(last)) = (piece.first(), piece.last()) else {
                continue;
            };
            let mut line = String::new();
            for (index, (at, value)) in piece.iter().enumerate() {
                let y = up(axis, *value);
                let _ = match (index, steps) {
                    (0, _) => write!(line, "M{at} {y}"),
                    (_, false) => write!(line, "L{at} {y}"),
                    (_, true) => write!(line, "H{at}V{y}"),
                };
            }
            // A single value is a dot; a line of no length is drawn with round ends.
            line.push_str("h0");
            let key = curve.key;
            if matches!(curve.look, Look::Area | Look::StepArea) {
                let _ = writeln!(out, "<path class=\"area {key}\" d=\"{line}L{} 1000L{} 1000Z\"/>", last.0, first.0);
            }
            if curve.look != Look::StepArea {
                let _ = writeln!(out, "<path class=\"line {key}\" d=\"{line}\"/>");
            }
        }
    }

    /// One mark for every scaling, each a link to its moment.
    fn marks(&self, run: &Run) -> String {
        let mut ends = [f64::NEG_INFINITY; LANES];
        let mut used = 0;
        let mut marks = String::new();
        for sync in run.syncs.iter().filter(|sync| sync.from != sync.to) {
            let place = f64::from(sync.at_s) / f64::from(self.span);
            let free = ends.iter().position(|end| *end <= place);
            // All rows taken: the one that is free first.
            let lane = free.unwrap_or_else(|| (0..LANES).min_by(|a, b| ends[*a].total_cmp(&ends[*b])).unwrap_or(0));
            ends[lane] = place + LANE_GAP;
            used = used.max(lane + 1);
            let (class, mark, word) = if sync.to > sync.from { ("up", '▲', "up") } else { ("down", '▼', "down") };
            let _ = writeln!(
                marks,
                "<a class=\"mark {class}\" href=\"#t={at}\" style=\"--x:{at};--lane:{lane}\" \
                 aria-label=\"{time}: {word} from {from} to {to}\" title=\"{time}: {from} → {to}\">\
                 {mark}{to}</a>",
                at = sync.at_s,
                time = clock(sync.at_s),
                from = sync.from,
                to = sync.to,
            );
        }
        if used == 0 {
            return String::new();
        }
        format!(
            "<div class=\"marks\" role=\"group\" aria-label=\"Scalings\" style=\"--lanes:{used}\">\n{marks}</div>\n"
        )
    }
}

/// At most four points in every part of the run: first, lowest, highest, last, in order; `None` where a value is none.
fn thinned(samples: &[Sample], value: fn(&Sample) -> f64, span: u32) -> Vec<Option<(u32, f64)>> {
    let point = |sample: &Sample| Some((sample.at_s, value(sample))).filter(|(_, value)| value.is_finite());
    if samples.len() <= PARTS * 2 {
        return samples.iter().map(point).collect();
    }
    let part = |sample: &Sample| u64::from(sample.at_s) * PARTS as u64 / u64::from(span);
    let mut out = Vec::with_capacity(PARTS * 4);
    for group in samples.chunk_by(|one, other| part(one) == part(other)) {
        let points = group.iter().map(point).collect::<Vec<_>>();
        let finite = || points.iter().enumerate().filter_map(|(index, point)| point.map(|(_, value)| (index, value)));
        let lowest = finite().min_by(|one, other| one.1.total_cmp(&other.1));
        let highest = finite().max_by(|one, other| one.1.total_cmp(&other.1));
        // A gap stays a gap: the first value that is none is kept too.
        let gap = points.iter().position(Option::is_none);
        let mut kept =
            [Some(0), lowest.map(|found| found.0), highest.map(|found| found.0), gap, Some(points.len() - 1)];
        kept.sort_unstable();
        let mut before = None;
        for index in kept.into_iter().flatten() {
            if before != Some(index) {
                out.push(points[index]);
            }
            before = Some(index);
        }
    }
    out
}

/// Without what lies on the ground: an area of nothing is not drawn, so that no failures leave no line.
fn raised(points: &[Option<(u32, f64)>]) -> Vec<Option<(u32, f64)>> {
    let lies = |index: usize| points.get(index).copied().flatten().is_none_or(|(_, value)| value <= 0.0);
    let around = |index: usize| index.saturating_sub(1)..=index + 1;
    let kept = points.iter().enumerate().map(|(index, point)| point.filter(|_| !around(index).all(lies)));
    kept.collect()
}

/// Thousandths of the field from its top.
fn up(axis: Axis, value: f64) -> i32 {
    1_000 - (share(axis, value) * 1_000.0).round() as i32
}

fn share(axis: Axis, value: f64) -> f64 {
    axis.share(value).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_every_extreme_of_twenty_thousand_samples() {
        let samples = (0..20_000).map(|at_s| Sample {
            at_s,
            offered: match at_s {
                7_777 => 99.0,
                7_785 => -5.0,
                _ => f64::from(at_s % 7),
            },
            ..Sample::default()
        });
        let samples = samples.collect::<Vec<_>>();
        let points = thinned(&samples, |sample| sample.offered, 20_000);
        assert!(points.len() <= PARTS * 5, "{}", points.len());
        assert!(points.contains(&Some((7_777, 99.0))) && points.contains(&Some((7_785, -5.0))));
        assert!(points.is_sorted_by_key(|point| point.map(|(at, _)| at)));
        assert_eq!((points[0], points.last()), (Some((0, 0.0)), Some(&Some((19_999, 0.0)))));
    }

    #[test]
    fn an_area_of_nothing_is_not_drawn() {
        let points = [0.0, 0.0, 5.0, 0.0, 0.0, 0.0].into_iter().zip(0..).map(|(value, at)| Some((at, value)));
        let kept = raised(&points.collect::<Vec<_>>());
        assert_eq!(kept, [None, Some((1, 0.0)), Some((2, 5.0)), Some((3, 0.0)), None, None]);
    }

    #[test]
    fn a_gap_stays_a_gap_when_thinned() {
        let hole = |at_s| {
            if at_s == 9_007 { f64::NAN } else { 1.0 }
        };
        let samples = (0..20_000).map(|at_s| Sample { at_s, offered: hole(at_s), ..Sample::default() });
        let points = thinned(&samples.collect::<Vec<_>>(), |sample| sample.offered, 20_000);
        assert!(points.iter().any(Option::is_none));
    }
}
