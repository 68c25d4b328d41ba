//! A run as one page: tiles, charts over one time axis, every decision, promise against fact.
//!
//! Charts and tables are drawn here and not by the script, for three reasons: the page also reads where scripts are
//! forbidden, a test sees what a reader sees, and thinning twenty thousand samples happens once. The drawings have
//! seconds across and thousandths of the axis up, and are stretched by the browser; text stands beside them in HTML, so
//! that it never stretches. Whatever stands at a moment carries `--x`, and the style sheet computes its place from the
//! visible range `--from` and `--span`: to zoom, the script sets these two and the view boxes.

mod chart;
mod data;
mod markup;

use crate::simulate::run::{JobTotals, Run, Summary};

use super::axis;
use super::episode::{Episode, episodes};
use super::number::{clock, count, counted, length, milliseconds, percent_of};
use super::words::Words;
use markup::{escape, fill};

/// The run as one HTML page that needs nothing else: no network, no other file, and for reading no script.
///
/// A policy inside the page forbids the browser to load anything.
pub fn page(run: &Run) -> String {
    let span = axis::span(run);
    let words = Words::of(run);
    let title = if run.title.trim().is_empty() { "Untitled run" } else { &run.title };
    let metrics = run.metrics.iter().map(|metric| format!("<li>{}</li>", escape(metric))).collect::<String>();
    fill(
        include_str!("page.html"),
        &[
            ("css", include_str!("page.css")),
            ("js", include_str!("page.js")),
            ("title", &escape(title)),
            ("description", &paragraph(&run.description)),
            ("length", &length(run.duration_s)),
            ("bounds", &words.allowed(run.bounds)),
            ("wanted", &format!("{} {}", words.replicas, words.wanted)),
            ("seed", &run.seed.to_string()),
            ("metrics", &metrics),
            ("tiles", &tiles(run)),
            ("span", &span.to_string()),
            ("end", &clock(span)),
            ("times", &chart::times(span)),
            ("charts", &chart::charts(run, span)),
            ("decisions", &decisions(run)),
            ("documented", &documented(run)),
            ("data", &data::json(run, span)),
        ],
    )
}

fn paragraph(text: &str) -> String {
    if text.trim().is_empty() { String::new() } else { format!("<p class=\"lead\">{}</p>", escape(text)) }
}

/// Name, number, note and class of a tile.
type Tile = (String, String, String, &'static str);

fn tiles(run: &Run) -> String {
    let summary = &run.summary;
    let words = Words::of(run);
    let of_offered =
        |part| percent_of(part, summary.offered).map(|share| format!("{share} of offered")).unwrap_or_default();
    let (fewest, most) = summary.replicas;
    let (up, down) = (f64::from(summary.scaled_up), f64::from(summary.scaled_down));
    let (syncs, reversals) = (f64::from(summary.syncs), f64::from(summary.reversals));
    let in_work = summary.jobs.as_ref().map(|jobs| format!(", {} in work", count(jobs.in_work_at_end as f64)));
    let at_end = format!("{} at the end{}", count(summary.queued_at_end), in_work.unwrap_or_default());
    let pods = format!("{fewest}…{most} {}", words.replicas);
    let tile = |name: &str, number, note, class| (name.to_owned(), number, note, class);
    let mut tiles = vec![
        tile(&format!("{} offered", capital(words.requests)), count(summary.offered), String::new(), ""),
        tile("Served", count(summary.served), of_offered(summary.served), ""),
        tile("Failed", count(summary.failed), of_offered(summary.failed), bad(summary.failed)),
        tile("Queued, most", count(summary.queued_max), at_end, ""),
        tile("Latency p95, highest", milliseconds(summary.latency_p95_max_ms), String::new(), ""),
        tile(&format!("{}-hours", capital(words.replica)), count(summary.pod_hours), pods, ""),
    ];
    match &summary.jobs {
        Some(jobs) => tiles.extend(of_jobs(jobs, summary)),
        None => tiles.extend([
            tile("Scalings", count(up + down), format!("{} up, {} down", count(up), count(down)), ""),
            tile("Reversals", count(reversals), format!("in {}", counted(syncs, "sync", "syncs")), ""),
        ]),
    }
    let tile = |(name, number, note, class): Tile| {
        format!("<div class=\"tile {class}\"><dt>{name}</dt><dd>{number}</dd><dd class=\"note\">{note}</dd></div>\n")
    };
    tiles.into_iter().map(tile).collect()
}

/// Jobs end by themselves: what counts is how many were started, and what became of them.
fn of_jobs(jobs: &JobTotals, summary: &Summary) -> [Tile; 2] {
    let number = |number: u64| count(number as f64);
    let passes =
        format!("in {} of {}", count(f64::from(summary.scaled_up)), counted(f64::from(summary.syncs), "sync", "syncs"));
    let ended = number(jobs.succeeded.saturating_add(jobs.failed));
    let of = format!("of {ended} ended; {} found no message", number(jobs.found_nothing));
    [
        ("Jobs started".to_owned(), number(jobs.started), passes, ""),
        ("Jobs failed".to_owned(), number(jobs.failed), of, bad(jobs.failed as f64)),
    ]
}

fn bad(number: f64) -> &'static str {
    if number > 0.0 { "bad" } else { "" }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn decisions(run: &Run) -> String {
    if run.syncs.is_empty() {
        return "<p>The autoscaler never ran.</p>".to_owned();
    }
    let title = Words::of(run).title;
    let rows = episodes(&run.syncs);
    let rows = rows.iter().map(|episode| decision(episode, title));
    table("decisions", &["Time", title, "Metrics read", "Asked", "Because"], rows)
}

fn decision(episode: &Episode, title: &str) -> String {
    let sync = episode.first;
    let (class, mark, word) = match sync.to.cmp(&sync.from) {
        std::cmp::Ordering::Greater => ("up", "▲ ", "up, "),
        std::cmp::Ordering::Equal => ("held", "", "held, "),
        std::cmp::Ordering::Less => ("down", "▼ ", "down, "),
    };
    let until = if episode.syncs > 1 {
        format!(
            "<br><span class=\"quiet\">to {}, {} syncs</span>",
            clock(episode.last.at_s),
            count(episode.syncs as f64)
        )
    } else {
        String::new()
    };
    let readings = sync.readings.iter().map(|reading| {
        let asks = reading.asks.map_or("–".to_owned(), |asks| asks.to_string());
        let (metric, read) = (escape(&reading.metric.replace('_', " ")), escape(&reading.read));
        format!("<li><b>{metric}</b> {read}&nbsp;<span class=\"asks\">→ {asks}</span></li>")
    });
    let reasons = match episode.reasons.as_slice() {
        [(reason, _)] => escape(reason),
        several => several
            .iter()
            .map(|(reason, times)| format!("<p><b>{} ×</b> {}</p>", count(*times as f64), escape(reason)))
            .collect(),
    };
    row(
        class,
        &[
            ("Time", "time", &format!("<a href=\"#t={}\">{}</a>{until}", sync.at_s, clock(sync.at_s))),
            (
                title,
                "number change",
                &format!(
                    "<span class=\"hidden\">{word}</span><span aria-hidden=\"true\">{mark}</span>{}",
                    episode.replicas_words()
                ),
            ),
            ("Metrics read", "", &format!("<ul class=\"readings\">{}</ul>", readings.collect::<String>())),
            ("Asked", "number", &episode.asked_words()),
            ("Because", "sentence", &reasons),
        ],
    )
}

fn documented(run: &Run) -> String {
    if run.documented.is_empty() {
        return String::new();
    }
    let rows = run.documented.iter().map(|promise| {
        let (class, verdict) = if promise.agrees { ("agrees", "✓ agrees") } else { ("differs", "✗ differs") };
        row(
            class,
            &[
                ("Moment", "time", &escape(&promise.moment)),
                ("Documented", "", &escape(&promise.documented)),
                ("Decided", "", &escape(&promise.decided)),
                ("Verdict", "verdict", verdict),
                ("Because", "sentence", &escape(&promise.reason)),
            ],
        )
    });
    let agreed = run.documented.iter().filter(|promise| promise.agrees).count();
    let table = table("promises", &["Moment", "Documented", "Decided", "Verdict", "Because"], rows);
    format!(
        "<section aria-labelledby=\"promises\">\n<h2 id=\"promises\">Documented against decided</h2>\n\
         <p class=\"quiet\">{agreed} of {} agree.</p>\n{table}</section>\n",
        counted(run.documented.len() as f64, "moment", "moments"),
    )
}

/// On a narrow screen the rows are stacked by the style sheet; the roles keep it a table for those who listen to it.
fn table(label: &str, titles: &[&str], rows: impl Iterator<Item = String>) -> String {
    let heads =
        titles.iter().map(|title| format!("<th role=\"columnheader\" scope=\"col\">{title}</th>")).collect::<String>();
    format!(
        "<div class=\"scroll\" role=\"region\" aria-labelledby=\"{label}\" tabindex=\"0\">\
         <table role=\"table\" aria-labelledby=\"{label}\">\n<thead role=\"rowgroup\"><tr role=\"row\">{heads}</tr></thead>\n\
         <tbody role=\"rowgroup\">\n{}</tbody>\n</table></div>\n",
        rows.collect::<String>()
    )
}

fn row(class: &str, cells: &[(&str, &str, &str)]) -> String {
    let cells = cells.iter().map(|(title, class, content)| {
        let empty = if content.is_empty() { " empty" } else { "" };
        format!("<td role=\"cell\" class=\"{class}{empty}\" data-title=\"{title}\">{content}</td>")
    });
    format!("<tr role=\"row\" class=\"{class}\">{}</tr>\n", cells.collect::<String>())
}

#[cfg(test)]
mod tests;
