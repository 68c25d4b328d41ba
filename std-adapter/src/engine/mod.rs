//! Between the words of Kubernetes and the values of the engine.
//!
//! [`Policy`] owns what the core's `Hpa` borrows, and is made from a manifest's spec. [`World`] is one moment of a
//! cluster as a dump shows it, and gives the readings of a policy's metrics with the class of every pod.
//! [`remembered`] puts together what a controller must still know, from a status and from events. [`record`] writes
//! steps as JSON. [`Decider`] plays the controller in a simulation.

mod decider;
mod policy;
pub mod record;
pub mod remembered;
mod world;

pub use decider::Decider;
pub use policy::{Policy, PolicyError, Settings, inline_spec, profile};
pub use world::{PodPart, World, WorldError, instant};

/// A history with room for the API's longest windows and periods (an hour, half an hour) at one sync a second.
pub type Past = plimsoll_core::hpa::History<3602, 1802>;
