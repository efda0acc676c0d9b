//! What a model says of itself beside its name: what it is for, at which ground resolution, and from which data.

use clap::Args;

#[derive(Args)]
pub struct PurposeArgs {
    /// What the model is for, in one line.
    #[arg(long, default_value = "")]
    pub purpose: String,
    /// The ground resolutions that it was made for, lowest and highest, in metres a pixel.
    #[arg(long, value_name = "LOW,HIGH", value_parser = low_and_high)]
    pub ground_resolution_m: Option<[f32; 2]>,
    /// What it was trained on, in one line.
    #[arg(long, default_value = "")]
    pub trained_on: String,
    /// What it was trained on and how, at length.
    #[arg(long, default_value = "")]
    pub description: String,
}

/// `2,32`: the lowest and the highest.
fn low_and_high(text: &str) -> Result<[f32; 2], String> {
    let numbers: Option<Vec<f32>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[low, high]) if low > 0.0 && low <= high && high.is_finite() => Ok([low, high]),
        _ => Err("it takes two numbers above 0, the lower one first, such as 0.5,2".into()),
    }
}
