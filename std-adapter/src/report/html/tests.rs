//! The page as a browser reads it.

use proptest::prelude::*;
use scraper::{Html, Selector};

use super::page;
use crate::report::example::{any_run, nothing, saying, spike};
use crate::simulate::run::{Run, Sample};

#[test]
fn a_browser_has_nothing_to_repair() {
    assert!(!Html::parse_document("<!DOCTYPE html><p></b>").errors.is_empty(), "repairs are counted");
    for run in [spike(), nothing(), saying(HOSTILE)] {
        assert_eq!(Html::parse_document(&page(&run)).errors, Vec::<String>::new());
    }
}

#[test]
fn the_page_asks_nobody_for_anything() {
    let page = page(&spike());
    for asking in ["http:", "https:", "src=", "src =", "url(", "@import", "//cdn", "fetch(", "XMLHttp", "import("] {
        assert!(!page.contains(asking), "{asking}");
    }
    let html = Html::parse_document(&page);
    for link in html.select(&all("[href]")) {
        assert!(link.attr("href").is_some_and(|target| target.starts_with('#')), "{link:?}");
    }
    assert_eq!(html.select(&all("link, img, iframe, object, embed, base, form")).count(), 0);
    let policy = html.select(&all("meta[http-equiv=Content-Security-Policy]")).next().unwrap();
    assert!(policy.attr("content").unwrap().starts_with("default-src 'none'"));
}

#[test]
fn hostile_text_stays_text() {
    let html = Html::parse_document(&page(&saying(HOSTILE)));
    assert_eq!(html.select(&all("script")).count(), 2, "the data and the script");
    let title = html.select(&all("h1")).next().unwrap().text().collect::<String>();
    assert_eq!(title, HOSTILE);
    let data = html.select(&all("script#data")).next().unwrap().text().collect::<String>();
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["syncs"][0]["reason"], HOSTILE);
}

#[test]
fn every_scaling_has_a_mark_and_a_row_that_links_to_it() {
    let html = Html::parse_document(&page(&spike()));
    for at in [330, 360, 7_800, 8_100, 8_400, 8_700] {
        let moment = format!("[href='#t={at}']");
        assert_eq!(html.select(&all(&format!("a.mark{moment}"))).count(), 1, "{at}");
        assert_eq!(html.select(&all(&format!("td {}", moment))).count(), 1, "{at}");
    }
}

#[test]
fn the_charts_stand_without_the_script() {
    let html = Html::parse_document(&page(&spike()));
    assert_eq!(html.select(&all("figure svg[role=img][aria-label]")).count(), 5);
    for curve in ["offered", "served", "failed", "wanted", "cpu", "memory", "p50", "p95", "queued"] {
        assert!(html.select(&all(&format!("path.line.{curve}"))).count() >= 1, "{curve}");
    }
    for curve in ["ready", "starting", "pending"] {
        assert!(html.select(&all(&format!("path.area.{curve}"))).count() >= 1, "{curve}");
    }
    assert_eq!(html.select(&all("path.level")).count(), 4, "two bounds, two targets");
}

#[test]
fn the_same_run_gives_the_same_page() {
    assert_eq!(page(&spike()), page(&spike()));
}

#[test]
fn twenty_thousand_samples_make_a_small_drawing() {
    let samples =
        (0..20_000).map(|at_s| Sample { at_s, offered: f64::from(at_s % 977) + 0.123_456, ..Sample::default() });
    let run = Run { duration_s: 20_000, samples: samples.collect(), ..nothing() };
    let size = page(&run).len();
    assert!(size < 1_700_000, "{size}");
}

/// Writes the pages to look at: `PLIMSOLL_PAGES=some/folder cargo test -p plimsoll pages_to_look_at -- --ignored`.
#[test]
#[ignore = "writes files, for eyes only"]
fn pages_to_look_at() {
    let folder = std::path::PathBuf::from(std::env::var_os("PLIMSOLL_PAGES").expect("PLIMSOLL_PAGES names a folder"));
    for (name, run) in [("spike", spike()), ("nothing", nothing()), ("hostile", saying(HOSTILE)), ("long", long())] {
        std::fs::write(folder.join(name).with_extension("html"), page(&run)).expect("the folder can be written to");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_run_is_a_page(run in any_run()) {
        let html = Html::parse_document(&page(&run));
        prop_assert_eq!(&html.errors, &Vec::<String>::new());
        prop_assert_eq!(html.select(&all("script")).count(), 2);
        for path in html.select(&all("path, span[style], svg")) {
            let drawn = ["d", "style", "viewBox"].into_iter().filter_map(|name| path.attr(name)).collect::<String>();
            prop_assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{}", drawn);
        }
        let data = html.select(&all("script#data")).next().unwrap().text().collect::<String>();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&data).is_ok());
    }
}

const HOSTILE: &str = "</script><script>alert(1)</script /x><!-- <script \"'&amp;{{data}}";

/// Twenty thousand seconds with the spike's decisions: the drawing is thinned.
fn long() -> Run {
    let mut run = spike();
    let spread = run.samples.clone();
    run.samples = (0..20_000_u32)
        .map(|at| {
            let near = &spread[(at as usize * spread.len() / 20_000).min(spread.len() - 1)];
            Sample { at_s: at * 9_600 / 20_000, ..near.clone() }
        })
        .collect();
    run
}

fn all(selector: &str) -> Selector {
    Selector::parse(selector).unwrap()
}
