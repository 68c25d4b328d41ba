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

use crate::simulate::run::{Run, Summary};

use super::axis;
use super::episode::{Episode, episodes};
use super::number::{clock, count, counted, length, milliseconds, percent_of, pods_allowed};
use markup::{escape, fill};

/// The run as one HTML page that needs nothing else: no network, no other file, and for reading no script.
///
/// A policy inside the page forbids the browser to load anything.
pub fn page(run: &Run) -> String {
    let span = axis::span(run);
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
            ("bounds", &pods_allowed(run.bounds)),
            ("seed", &run.seed.to_string()),
            ("metrics", &metrics),
            ("tiles", &tiles(&run.summary)),
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

fn tiles(summary: &Summary) -> String {
    let of_offered =
        |part| percent_of(part, summary.offered).map(|share| format!("{share} of offered")).unwrap_or_default();
    let (fewest, most) = summary.replicas;
    let (up, down) = (f64::from(summary.scaled_up), f64::from(summary.scaled_down));
    let bad = |number: f64| if number > 0.0 { "bad" } else { "" };
    let tiles = [
        ("Requests offered", count(summary.offered), String::new(), ""),
        ("Served", count(summary.served), of_offered(summary.served), ""),
        ("Failed", count(summary.failed), of_offered(summary.failed), bad(summary.failed)),
        ("Queued, most", count(summary.queued_max), format!("{} at the end", count(summary.queued_at_end)), ""),
        ("Latency p95, highest", milliseconds(summary.latency_p95_max_ms), String::new(), ""),
        ("Pod-hours", count(summary.pod_hours), format!("{fewest}…{most} pods"), ""),
        ("Scalings", count(up + down), format!("{} up, {} down", count(up), count(down)), ""),
        (
            "Reversals",
            count(f64::from(summary.reversals)),
            format!("in {}", counted(f64::from(summary.syncs), "sync", "syncs")),
            "",
        ),
    ];
    let tile = |(name, number, note, class): (&str, String, String, &str)| {
        format!("<div class=\"tile {class}\"><dt>{name}</dt><dd>{number}</dd><dd class=\"note\">{note}</dd></div>\n")
    };
    tiles.into_iter().map(tile).collect()
}

fn decisions(run: &Run) -> String {
    if run.syncs.is_empty() {
        return "<p>The autoscaler never ran.</p>".to_owned();
    }
    table("decisions", &["Time", "Pods", "Metrics read", "Asked", "Because"], episodes(&run.syncs).iter().map(decision))
}

fn decision(episode: &Episode) -> String {
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
                "Pods",
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
