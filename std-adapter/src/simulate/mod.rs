//! A deterministic world in simulated time, decided by the engine.

pub mod load;
mod random;
pub mod run;
pub mod value;
