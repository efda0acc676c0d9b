//! Training the head on features that are computed once a tile.
//!
//! The network learns by AdamW on the categorical cross-entropy; dropout, the order of the batches and the
//! first weights come from one seeded generator, so that a run can be repeated on any device.

pub mod baselines;
#[cfg(feature = "burn")]
pub mod burn;
pub mod calibration;
pub mod cpu;
pub mod groups;
pub mod head_learner;
pub mod learner;
pub mod metrics;
pub mod neighbours;
pub mod report;
pub mod run;
pub mod samples;
pub mod split;
pub mod standardisation;
pub mod trainer;
pub mod validation;
