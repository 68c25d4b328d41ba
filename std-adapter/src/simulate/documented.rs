//! Documented against decided: watches the run for what a document says should happen, row by row.
//!
//! A row comes true at the first second of its span in which everything it expects is seen at once.

use super::run::{Documented, Sample};
use super::scenario::{Expect, Plan, Row};

/// Changes told in one sentence at most.
const CHANGES_TOLD: usize = 3;

/// One row, watched.
#[derive(Clone, Debug)]
pub(super) struct Watch<'a> {
    row: &'a Row,
    /// Second of the run that the document calls T+0.
    origin: i64,
    /// Second, counted from the origin, and what was seen when it came true.
    met: Option<(i64, String)>,
    /// What was seen first, and where that changed.
    told: Vec<(i64, String)>,
    changes: usize,
    last: Option<Sample>,
    reason: String,
}

impl<'a> Watch<'a> {
    /// All rows of a plan.
    pub(super) fn all(plan: &'a Plan) -> Vec<Self> {
        plan.documented
            .iter()
            .map(|row| Watch {
                row,
                origin: i64::from(plan.document_starts_s),
                met: None,
                told: Vec::new(),
                changes: 0,
                last: None,
                reason: String::new(),
            })
            .collect()
    }

    /// Whether the second belongs to the row's span.
    pub(super) fn covers(&self, at_s: u32) -> bool {
        (self.row.from_s..=self.row.to_s).contains(&(i64::from(at_s) - self.origin))
    }

    /// A second of the span; `reason` is that of the last sync.
    pub(super) fn look(&mut self, sample: &Sample, reason: &str) {
        let at = i64::from(sample.at_s) - self.origin;
        let seen = told(&self.row.expect, sample);
        if self.met.is_none() && holds(&self.row.expect, sample) {
            self.met = Some((at, seen.clone()));
        }
        if self.told.last().is_none_or(|(_, before)| *before != seen) {
            self.changes += 1;
            if self.told.len() < CHANGES_TOLD {
                self.told.push((at, seen));
            }
        }
        self.last = Some(sample.clone());
        if self.reason != reason {
            reason.clone_into(&mut self.reason);
        }
    }

    /// The verdict.
    pub(super) fn verdict(self) -> Documented {
        let agrees = self.met.is_some();
        let decided = match &self.met {
            Some((at, seen)) => format!("{seen} at {}", moment(*at)),
            None => {
                let mut told: Vec<String> =
                    self.told.iter().map(|(at, seen)| format!("{seen} at {}", moment(*at))).collect();
                if self.changes > self.told.len() {
                    told.push("and further".to_owned());
                }
                told.join(", ")
            }
        };
        let reason = match (agrees, &self.last) {
            (true, _) | (false, None) => String::new(),
            (false, Some(_)) if self.row.because.is_empty() => self.reason,
            (false, Some(last)) => quoted(&self.row.because, last, &self.reason),
        };
        Documented { moment: self.row.moment.clone(), documented: self.row.says.clone(), decided, agrees, reason }
    }
}

fn holds(expect: &Expect, seen: &Sample) -> bool {
    let is = |expected: Option<i32>, seen: Option<i32>| expected.is_none() || expected == seen;
    let near = expect.cpu_percent.is_none_or(|cpu| (seen.cpu_percent - cpu).abs() <= expect.cpu_within.unwrap_or(0.0));
    is(expect.replicas, Some(seen.wanted)) && is(expect.ready, Some(seen.ready)) && is(expect.nodes, seen.nodes) && near
}

/// What was seen of what is expected.
fn told(expect: &Expect, seen: &Sample) -> String {
    let counted = |number: i32, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let parts = [
        expect.replicas.map(|_| counted(seen.wanted, "replica")),
        expect.ready.map(|_| format!("{} ready", seen.ready)),
        expect.nodes.and(seen.nodes).map(|nodes| counted(nodes, "node")),
        expect.cpu_percent.map(|_| format!("{} % CPU", short(seen.cpu_percent))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The template with its quotes filled in; one pass, so that a reason is never taken for a template.
fn quoted(template: &str, seen: &Sample, reason: &str) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, open)) = rest.split_once('{') {
        let (name, after) = open.split_once('}').unwrap_or((open, ""));
        text.push_str(before);
        match name {
            "replicas" => text.push_str(&seen.wanted.to_string()),
            "ready" => text.push_str(&seen.ready.to_string()),
            "nodes" => text.push_str(&seen.nodes.unwrap_or(0).to_string()),
            "cpu_percent" => text.push_str(&short(seen.cpu_percent)),
            "reason" => text.push_str(reason),
            // Refused when the plan was checked.
            _ => {}
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// One decimal, unless it is 0.
fn short(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Seconds from the document's T+0 as a reader says them: `+2 h 5 min 15 s`.
fn moment(seconds: i64) -> String {
    let size = seconds.unsigned_abs();
    let parts = [(size / 3_600, "h"), (size / 60 % 60, "min"), (size % 60, "s")];
    let mut text: Vec<String> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number} {unit}")).collect();
    if text.is_empty() {
        text.push("0 s".to_owned());
    }
    format!("{}{}", if seconds < 0 { '−' } else { '+' }, text.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::tests::plan;
    use super::*;

    #[test]
    fn moments_read_as_a_person_writes_them() {
        for (seconds, text) in
            [(0, "+0 s"), (30, "+30 s"), (120, "+2 min"), (7_515, "+2 h 5 min 15 s"), (-300, "−5 min")]
        {
            assert_eq!(moment(seconds), text);
        }
    }

    #[test]
    fn a_row_comes_true_at_the_first_second_that_has_everything() {
        let expect = Expect { replicas: Some(3), cpu_percent: Some(50.0), cpu_within: Some(5.0), ..Expect::default() };
        let verdict = watched(&expect, "", &[(2, 50.0), (3, 44.0), (3, 45.0), (3, 50.0)]);
        assert!(verdict.agrees);
        assert_eq!((verdict.decided.as_str(), verdict.reason.as_str()), ("3 replicas, 45 % CPU at +1 s", ""));
    }

    #[test]
    fn a_row_that_does_not_come_true_tells_what_did_and_why() {
        let expect = Expect { replicas: Some(6), ..Expect::default() };
        let verdict = watched(
            &expect,
            "{replicas} of {ready} at {cpu_percent} %: {reason}{nodes}",
            &[(12, 6.5), (12, 6.5), (9, 8.26)],
        );
        assert!(!verdict.agrees);
        assert_eq!(verdict.decided, "12 replicas at −1 s, 9 replicas at +1 s");
        assert_eq!(verdict.reason, "9 of 9 at 8.3 %: {replicas} as is0");
    }

    #[test]
    fn many_changes_are_cut_short_and_a_missing_template_is_the_last_sync() {
        let expect = Expect { replicas: Some(99), ..Expect::default() };
        let verdict = watched(&expect, "", &[(1, 0.0), (2, 0.0), (3, 0.0), (4, 0.0)]);
        assert_eq!(verdict.decided, "1 replica at −1 s, 2 replicas at +0 s, 3 replicas at +1 s, and further");
        assert_eq!(verdict.reason, "{replicas} as is");
    }

    fn watched(expect: &Expect, because: &str, seen: &[(i32, f64)]) -> Documented {
        let mut plan = plan(1.0, 100);
        plan.document_starts_s = 11;
        plan.documented.push(Row {
            moment: "m".to_owned(),
            says: "s".to_owned(),
            from_s: -1,
            to_s: 50,
            expect: expect.clone(),
            because: because.to_owned(),
        });
        let mut watch = Watch::all(&plan).pop().expect("one row");
        assert!(!watch.covers(9) && watch.covers(10) && watch.covers(61) && !watch.covers(62));
        for (at_s, (wanted, cpu_percent)) in (10..).zip(seen) {
            let sample =
                Sample { at_s, wanted: *wanted, ready: *wanted, cpu_percent: *cpu_percent, ..Sample::default() };
            watch.look(&sample, "{replicas} as is");
        }
        watch.verdict()
    }
}
