//! A deterministic world in simulated time, decided by the engine.

pub mod run;
