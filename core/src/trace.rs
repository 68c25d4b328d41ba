//! Where the steps of a decision go.
//!
//! A trace of `()` compiles to nothing; a `heapless::Vec` keeps the first steps that fit; [`Each`] hands every step to
//! a closure.

/// Receives the steps of a decision, in order.
pub trait Trace<S> {
    /// Takes one step.
    fn record(&mut self, step: &S);
}

impl<S> Trace<S> for () {
    #[inline]
    fn record(&mut self, _: &S) {}
}

impl<S: Clone, const N: usize> Trace<S> for heapless::Vec<S, N> {
    /// Keeps the step if there is room, else drops it: the last word is in the decision as well.
    fn record(&mut self, step: &S) {
        let _full = self.push(step.clone());
    }
}

/// A trace that calls a closure.
pub struct Each<F>(pub F);

impl<S, F: FnMut(&S)> Trace<S> for Each<F> {
    fn record(&mut self, step: &S) {
        (self.0)(step);
    }
}
