//! giaoban: supervision and violation events in, exact quarterly rollups out.

pub mod domain;
pub mod log;
pub mod wire;
