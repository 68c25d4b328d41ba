//! What a run's replicas and its load are called: pods that answer requests, or jobs that work on messages.

use crate::simulate::run::Run;

/// The nouns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) replica: &'static str,
    pub(super) replicas: &'static str,
    /// At the beginning of a title.
    pub(super) title: &'static str,
    /// Those that are there or are to be.
    pub(super) wanted: &'static str,
    pub(super) requests: &'static str,
}

impl Words {
    pub(super) fn of(run: &Run) -> Self {
        match run.summary.jobs {
            None => Self { replica: "pod", replicas: "pods", title: "Pods", wanted: "wanted", requests: "requests" },
            Some(_) => {
                Self { replica: "job", replicas: "jobs", title: "Jobs", wanted: "unfinished", requests: "messages" }
            }
        }
    }

    /// `3…20 pods`, or `3 pods or more`.
    pub(super) fn allowed(&self, (min, max): (i32, Option<i32>)) -> String {
        match max {
            Some(max) => format!("{min}…{max} {}", self.replicas),
            None => format!("{min} {} or more", self.replicas),
        }
    }
}
