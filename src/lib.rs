//! giaoban: supervision and violation events in, exact quarterly rollups out.

pub mod domain;
