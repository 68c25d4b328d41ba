//! A run as text: what it was, how load and pods went, every decision and its reason, promise against fact, totals.
//!
//! The text is as wide as asked, between 60 and 240 columns: below that a sentence has no room beside its numbers, and
//! above it the eye loses the line.

mod plot;
mod table;
mod text;

use crate::simulate::run::{JobTotals, MetricReading, Run, Summary};

use super::episode::{Episode, episodes};
use super::number::{clock, count, counted, length, milliseconds, percent_of};
use super::words::Words;
use plot::plots;
use table::{Align, Cell, Column, Row, Table};
pub(crate) use text::clean;
use text::{Paint, Role, cut, wrap};

/// Whether the text carries colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Only printable characters.
    Plain,
    /// With ANSI escapes for colours, bold and dim.
    Colour,
}

/// The story of a run as text, in lines of at most `width` columns (drawn between 60 and 240).
///
/// Lines end with `\n` and never with blanks. The caller decides about colours, because only it knows about
/// `NO_COLOR` and where the text goes.
pub fn timeline(run: &Run, style: Style, width: usize) -> String {
    let width = width.clamp(60, 240);
    let paint = Paint(style);
    let mut out = String::new();
    heading(run, paint, width, &mut out);
    plots(run, paint, width, &mut out);
    section("Decisions", paint, &mut out);
    decisions(run, paint, width, &mut out);
    if !run.documented.is_empty() {
        section("Documented against decided", paint, &mut out);
        documented(run, paint, width, &mut out);
    }
    section("Summary", paint, &mut out);
    summary(run, paint, width, &mut out);
    out
}

fn heading(run: &Run, paint: Paint, width: usize, out: &mut String) {
    let title = clean(&run.title);
    let title = if title.is_empty() { "Untitled run" } else { &title };
    line(&paint.in_role(Role::Title, &cut(title, width)), out);
    let description = clean(&run.description);
    if !description.is_empty() {
        line(&cut(&description, width), out);
    }
    let facts = format!("{} · {} · seed {}", length(run.duration_s), Words::of(run).allowed(run.bounds), run.seed);
    line(&paint.in_role(Role::Quiet, &cut(&facts, width)), out);
    for text in wrap(&run.metrics.iter().map(|metric| clean(metric)).collect::<Vec<_>>().join(" · "), width) {
        line(&paint.in_role(Role::Quiet, &text), out);
    }
    out.push('\n');
}

fn section(title: &str, paint: Paint, out: &mut String) {
    out.push('\n');
    line(&paint.in_role(Role::Title, title), out);
    out.push('\n');
}

fn decisions(run: &Run, paint: Paint, width: usize, out: &mut String) {
    if run.syncs.is_empty() {
        line("The autoscaler never ran.", out);
        return;
    }
    let table = Table {
        columns: vec![
            Column { title: "time", align: Align::Left, wraps: false },
            Column { title: Words::of(run).replicas, align: Align::Right, wraps: false },
            Column { title: "metrics read → ask", align: Align::Left, wraps: true },
            Column { title: "asked", align: Align::Right, wraps: false },
            Column { title: "because", align: Align::Left, wraps: true },
        ],
        rows: episodes(&run.syncs).iter().map(decision).collect(),
    };
    table.write(paint, width, out);
}

fn decision(episode: &Episode) -> Row {
    let sync = episode.first;
    let time = match episode.syncs {
        1 => clock(sync.at_s),
        _ => format!("{}\n… {}", clock(sync.at_s), clock(episode.last.at_s)),
    };
    let because = match episode.reasons.as_slice() {
        [(reason, 1)] => clean(reason),
        [(reason, times)] => format!("… {} syncs: {}", count(*times as f64), clean(reason)),
        several => {
            let given = several.iter().map(|(reason, times)| format!("{} × {}", count(*times as f64), clean(reason)));
            format!("… {} syncs, in turn:\n{}", count(episode.syncs as f64), given.collect::<Vec<_>>().join("\n"))
        }
    };
    let role = match sync.to.cmp(&sync.from) {
        std::cmp::Ordering::Greater => Role::Up,
        std::cmp::Ordering::Equal => Role::Quiet,
        std::cmp::Ordering::Less => Role::Down,
    };
    let held = sync.from == sync.to;
    let readings = sync.readings.iter().map(reading).collect::<Vec<_>>().join("\n");
    let text = if held { Role::Quiet } else { Role::Text };
    vec![
        Cell { text: time, role: text },
        Cell { text: episode.replicas_words(), role },
        Cell { text: readings, role: text },
        Cell { text: episode.asked_words(), role: text },
        Cell { text: because, role: text },
    ]
}

/// `cpu 260 % → 12`: without the parenthesis and without `of request`, which the reason says again.
fn reading(reading: &MetricReading) -> String {
    let metric = clean(&reading.metric).replace('_', " ");
    let read = clean(&reading.read);
    let read = read.split(" (").next().unwrap_or_default();
    let read = read.strip_suffix(" of request").unwrap_or(read);
    let asks = reading.asks.map_or("–".to_owned(), |asks| asks.to_string());
    format!("{metric} {read} → {asks}")
}

fn documented(run: &Run, paint: Paint, width: usize, out: &mut String) {
    let rows = run.documented.iter().map(|row| {
        let (mark, role) = if row.agrees { ("✓", Role::Good) } else { ("✗", Role::Bad) };
        vec![
            Cell { text: clean(&row.moment), role: Role::Text },
            Cell { text: clean(&row.documented), role: Role::Text },
            Cell { text: clean(&row.decided), role: Role::Text },
            Cell { text: mark.to_owned(), role },
            Cell { text: clean(&row.reason), role: Role::Text },
        ]
    });
    let table = Table {
        columns: vec![
            Column { title: "moment", align: Align::Left, wraps: true },
            Column { title: "documented", align: Align::Left, wraps: true },
            Column { title: "decided", align: Align::Left, wraps: true },
            Column { title: "", align: Align::Left, wraps: false },
            Column { title: "because", align: Align::Left, wraps: true },
        ],
        rows: rows.collect(),
    };
    table.write(paint, width, out);
    let agreed = run.documented.iter().filter(|row| row.agrees).count();
    line(&format!("{agreed} of {} agree.", counted(run.documented.len() as f64, "moment", "moments")), out);
}

fn summary(run: &Run, paint: Paint, width: usize, out: &mut String) {
    let summary = &run.summary;
    let words = Words::of(run);
    let of_offered = |part| percent_of(part, summary.offered).unwrap_or_default();
    let (fewest, most) = summary.replicas;
    let in_work = summary.jobs.as_ref().map(|jobs| format!(", {} in work", count(jobs.in_work_at_end as f64)));
    let mut rows = vec![
        (format!("{} offered", words.requests), count(summary.offered), String::new()),
        (format!("{} served", words.requests), count(summary.served), of_offered(summary.served)),
        (format!("{} failed", words.requests), count(summary.failed), of_offered(summary.failed)),
        (
            "queued, most".to_owned(),
            count(summary.queued_max),
            format!("{} at the end{}", count(summary.queued_at_end), in_work.unwrap_or_default()),
        ),
        ("latency p95, highest".to_owned(), milliseconds(summary.latency_p95_max_ms), String::new()),
        (format!("{}-hours", words.replica), count(summary.pod_hours), format!("{fewest}…{most} {}", words.replicas)),
    ];
    match &summary.jobs {
        Some(jobs) => rows.extend(of_jobs(jobs, summary)),
        None => rows.extend([
            (
                "scalings".to_owned(),
                count(f64::from(summary.scaled_up) + f64::from(summary.scaled_down)),
                format!(
                    "{} up, {} down, in {}",
                    count(f64::from(summary.scaled_up)),
                    count(f64::from(summary.scaled_down)),
                    counted(f64::from(summary.syncs), "sync", "syncs"),
                ),
            ),
            ("reversals".to_owned(), count(f64::from(summary.reversals)), String::new()),
        ]),
    }
    let cells = |(name, number, note): (String, String, String)| {
        vec![
            Cell { text: name, role: Role::Quiet },
            Cell { text: number, role: Role::Text },
            Cell { text: note, role: Role::Quiet },
        ]
    };
    let column = |align| Column { title: "", align, wraps: true };
    let columns = vec![column(Align::Left), column(Align::Right), column(Align::Left)];
    Table { columns, rows: rows.into_iter().map(cells).collect() }.write(paint, width, out);
}

/// Jobs end by themselves: what counts is how many were started, and what became of them.
fn of_jobs(jobs: &JobTotals, summary: &Summary) -> [(String, String, String); 3] {
    let number = |number: u64| count(number as f64);
    let (succeeded, failed) = jobs.kept;
    [
        (
            "jobs started".to_owned(),
            number(jobs.started),
            format!(
                "in {} of {}",
                count(f64::from(summary.scaled_up)),
                counted(f64::from(summary.syncs), "sync", "syncs")
            ),
        ),
        (
            "jobs ended".to_owned(),
            number(jobs.succeeded.saturating_add(jobs.failed)),
            format!("{} failed, {} found no message", number(jobs.failed), number(jobs.found_nothing)),
        ),
        (
            "ended jobs kept".to_owned(),
            number(succeeded.saturating_add(failed)),
            format!("{} succeeded, {} failed", number(succeeded), number(failed)),
        ),
    ]
}

fn line(text: &str, out: &mut String) {
    out.push_str(text);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example::{any_run, nothing, saying, spike};
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn the_spike_at_80_columns() {
        insta::assert_snapshot!(timeline(&spike(), Style::Plain, 80));
    }

    #[test]
    fn the_spike_at_120_columns() {
        insta::assert_snapshot!(timeline(&spike(), Style::Plain, 120));
    }

    #[test]
    fn the_spike_in_colour() {
        insta::assert_snapshot!(timeline(&spike(), Style::Colour, 100).replace('\u{1b}', "␛"));
    }

    #[test]
    fn an_empty_run() {
        insta::assert_snapshot!(timeline(&nothing(), Style::Plain, 60));
    }

    #[test]
    fn colours_change_no_letter() {
        let coloured = timeline(&spike(), Style::Colour, 100);
        assert!(coloured.contains('\u{1b}'));
        assert_eq!(without_escapes(&coloured), timeline(&spike(), Style::Plain, 100));
    }

    #[test]
    fn foreign_text_cannot_drive_the_terminal() {
        let text = timeline(&saying("\u{1b}[2J\u{7}evil\u{202e}\r\u{9b}31m"), Style::Plain, 80);
        assert!(text.contains("evil"));
        let driving = |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
        assert!(!text.contains(driving), "{text:?}");
    }

    #[test]
    fn the_same_run_gives_the_same_text() {
        assert_eq!(timeline(&spike(), Style::Colour, 97), timeline(&spike(), Style::Colour, 97));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_run_fits_its_width(run in any_run(), width in 60_usize..200) {
            let text = timeline(&run, Style::Plain, width);
            for line in text.lines() {
                prop_assert!(line.width() <= width, "{} > {width}: {line:?}", line.width());
                prop_assert!(!line.ends_with(' '), "{line:?}");
            }
            prop_assert_eq!(without_escapes(&timeline(&run, Style::Colour, width)), text);
        }

        #[test]
        fn any_width_is_drawn(width in any::<usize>()) {
            let widest = timeline(&nothing(), Style::Plain, width).lines().map(UnicodeWidthStr::width).max();
            prop_assert!(widest.is_some_and(|widest| widest <= width.clamp(60, 240)));
        }
    }

    fn without_escapes(text: &str) -> String {
        let mut pieces = text.split('\u{1b}');
        let mut plain = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            plain.push_str(piece.split_once('m').map_or("", |(_, behind)| behind));
        }
        plain
    }
}
