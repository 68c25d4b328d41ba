//! What a [`Run`](crate::simulate::run::Run) looks like: as text for a terminal, and as one page for a browser.
//!
//! Both draw the same story from the same values: the load that came, the pods that were there for it, every decision
//! with its reason, what the document had promised, and the totals.
//!
//! * [`timeline`] is text of a given width, plain or with colours. It never asks the terminal anything: the caller
//!   knows `NO_COLOR`, pipes and the window.
//! * [`page`] is one HTML file that asks nobody for anything: charts, styles, script and data are inside. Its charts
//!   and tables are drawn here, so that it also reads where scripts are forbidden (mail, build servers); the script
//!   adds the cursor, the record of each decision, and zoom.
//!
//! Both are pure functions of the run: the same run gives the same bytes. Neither can panic, whatever the numbers
//! are: what is not finite is shown as `–` or `∞` and leaves a gap in a plot, and below zero is drawn at zero. Texts
//! of the run are foreign here: the page escapes them, the terminal loses their control characters.
//!
//! | file | draws |
//! |---|---|
//! | `terminal.rs`, `terminal/` | the text: plots, tables |
//! | `html.rs`, `html/` | the page; beside them `page.html`, `page.css`, `page.js` |
//! | `episode.rs` | which syncs are one row |
//! | `axis.rs`, `number.rs`, `words.rs` | where ticks stand; how numbers read; what pods and requests are called |

mod axis;
mod episode;
#[cfg(test)]
mod example;
mod html;
mod number;
mod terminal;
mod words;

pub use html::page;
pub(crate) use terminal::clean;
pub use terminal::{Style, timeline};
