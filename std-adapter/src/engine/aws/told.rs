//! What a group's policies remember, from what the command line printed of its alarms and of what was done.

use plimsoll_core::step::{Action, Alarm, Datapoints, History, Order, Pace};
use plimsoll_core::units::{Instant, Span};

use super::{Aws, AwsPast};

/// A change of the capacity that a policy made.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The policy.
    pub policy: String,
    /// Units before and after.
    pub from: i32,
    /// See `from`.
    pub to: i32,
    /// When it was ordered.
    pub at: Instant,
    /// When the last unit was there or gone; `None` while that goes on.
    pub done: Option<Instant>,
}

impl Aws {
    /// The policy of a series by the name that its steps have.
    #[must_use]
    pub fn policy_of(&self, series: usize) -> Option<&str> {
        let stepped = self.stepped.iter().map(|it| it.name.as_str());
        let simple = self.simple.iter().map(|it| it.name.as_str());
        stepped.chain(simple).chain(self.tracked.iter().map(|it| it.name.as_str())).nth(series)
    }

    /// The alarms of a series: one, or the high and the low one of target tracking.
    #[must_use]
    pub fn alarms_of(&self, series: usize) -> Vec<Alarm> {
        let stepped = self.stepped.iter().map(|it| vec![it.alarm]);
        let simple = self.simple.iter().map(|it| vec![it.rule.alarm()]);
        let tracked = self.tracked.iter().map(|it| {
            let (high, low) = it.policy.alarms();
            vec![high, low]
        });
        stepped.chain(simple).chain(tracked).nth(series).unwrap_or_default()
    }

    /// Where the steps of a step scaling policy begin and end, from the threshold of its alarm.
    #[must_use]
    pub fn step_bounds(&self, series: usize) -> Vec<f64> {
        let steps = self.stepped.get(series).map(|it| it.steps.as_slice()).unwrap_or_default();
        steps.iter().flat_map(|step| [step.lower, step.upper]).flatten().collect()
    }

    /// Whether the alarms that AWS made for a series compare the metric that is tracked.
    #[must_use]
    pub fn in_own_unit(&self, series: usize) -> bool {
        let first = self.stepped.len() + self.simple.len();
        series.checked_sub(first).and_then(|index| self.tracked.get(index)).is_none_or(|it| it.same_unit)
    }

    /// The warm-ups or cooldowns of the policies, the shortest first, each once.
    #[must_use]
    pub fn waits(&self) -> Vec<Span> {
        let waits = self.stepped.iter().map(|it| it.wait).chain(self.tracked.iter().map(|it| it.wait));
        let mut waits = waits.collect::<Vec<_>>();
        waits.sort_unstable();
        waits.dedup();
        waits
    }

    /// Whether new units warm up, as those of EC2 do; else cooldowns count.
    #[must_use]
    pub fn warms_up(&self) -> bool {
        self.pace == Pace::WarmUp
    }

    /// What is remembered with these points of every alarm of every series, after these changes, oldest first. The next
    /// evaluation takes the alarms as they stand.
    ///
    /// # Errors
    /// More alarms than there is room for.
    pub fn told(&self, points: &[Vec<Datapoints>], changes: &[Change]) -> Result<AwsPast, String> {
        let full = |error| format!("its alarms: {error}");
        let (stepped, rest) = points.split_at(self.stepped.len().min(points.len()));
        let (simple, tracked) = rest.split_at(self.simple.len().min(rest.len()));
        let slowest = self.stepped.iter().map(|it| it.wait).max().unwrap_or_default();
        let step = |change: &Change| {
            let own = self.stepped.iter().find(|it| it.of(&change.policy));
            match (own, self.pace) {
                // EC2 holds a scale-in of step scaling while units warm up, and never after another one.
                (_, Pace::WarmUp) if change.to < change.from => None,
                (Some(own), _) => Some(own.wait),
                (None, Pace::WarmUp) => Some(slowest),
                (None, Pace::Cooldown) => None,
            }
        };
        let action = changes.iter().rev().find_map(|change| {
            let own = self.simple.iter().find(|it| it.of(&change.policy))?;
            let cooldown = own.rule.cooldown().unwrap_or(self.default_cooldown);
            Some(Action { started: change.at, completed: change.done, cooldown })
        });
        let mut tracking = Vec::new();
        for (points, it) in tracked.iter().zip(&self.tracked) {
            let order = |change: &Change| match (it.name == change.policy, change.to > change.from) {
                (true, true) => Some(it.wait),
                (true, false) => Some(it.in_cooldown),
                (false, true) if self.pace == Pace::WarmUp => Some(it.wait),
                (false, _) => None,
            };
            tracking.push(History::told(points, ordered(changes, order), None).map_err(full)?);
        }
        Ok(AwsPast {
            step: History::told(&stepped.concat(), ordered(changes, step), None).map_err(full)?,
            simple: History::told(&simple.concat(), None, action).map_err(full)?,
            tracking,
        })
    }
}

/// The order that changes leave, where `wait` tells how long one counts. While one runs, a further one is made on its base.
fn ordered(changes: &[Change], wait: impl Fn(&Change) -> Option<Span>) -> Option<Order> {
    changes.iter().fold(None, |order: Option<Order>, change| {
        let Some(wait) = wait(change) else { return order };
        // Waits begin when the change was made.
        let begin = change.done.unwrap_or(change.at);
        let out = change.to > change.from;
        let running = order.filter(|order| order.out && out && begin < order.until);
        let base = running.map_or(change.from, |order| order.base).min(change.from);
        Some(Order { out, base, desired: change.to, until: begin + wait })
    })
}
