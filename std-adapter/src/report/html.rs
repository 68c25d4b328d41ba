//! stub
use crate::simulate::run::Run;
/// stub
pub fn page(run: &Run) -> String {
    run.title.clone()
}
