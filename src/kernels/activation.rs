//! What happens to a sum before it is written.

use super::lanes::Lanes;

/// The hard sigmoid of MobileNetV3 (Howard et al. 2019, section 5.2): relu6(x + 3) / 6, which is x · alpha + beta between
/// 0 and 1.
pub const HARD_SIGMOID_ALPHA: f64 = 1.0 / 6.0;
/// See [`HARD_SIGMOID_ALPHA`].
pub const HARD_SIGMOID_BETA: f64 = 0.5;

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// None.
    Identity,
    /// The greater of x and 0.
    Relu,
    /// x · relu6(x + 3) / 6.
    HardSwish,
    /// relu6(x + 3) / 6.
    HardSigmoid,
}

impl Activation {
    /// How fast it grows at `x`; at a corner from the left, as in PyTorch.
    pub fn slope(self, x: f32) -> f32 {
        let within = |slope: f32| if (-3.0..=3.0).contains(&x) { slope } else { 0.0 };
        match self {
            Self::Identity => 1.0,
            Self::Relu => f32::from(x > 0.0),
            Self::HardSwish if x > 3.0 => 1.0,
            Self::HardSwish => within(x / 3.0 + 0.5),
            Self::HardSigmoid => within(1.0 / 6.0),
        }
    }

    /// Of a whole block. A loop and not `map`, whose closure the compiler would leave outside of the code that may use
    /// AVX2: native code is then two and a half times slower.
    #[inline(always)]
    pub(super) fn apply_block<L: Lanes, const VECTORS: usize>(self, mut block: [L; VECTORS]) -> [L; VECTORS] {
        for lanes in &mut block {
            *lanes = self.apply(*lanes);
        }
        block
    }

    #[inline(always)]
    pub(super) fn apply<L: Lanes>(self, x: L) -> L {
        match self {
            Self::Identity => x,
            Self::Relu => x.max(L::splat(0.0)),
            Self::HardSwish => x.mul(hard_sigmoid(x)),
            Self::HardSigmoid => hard_sigmoid(x),
        }
    }
}

#[inline(always)]
fn hard_sigmoid<L: Lanes>(x: L) -> L {
    let (alpha, beta) = (L::splat(HARD_SIGMOID_ALPHA as f32), L::splat(HARD_SIGMOID_BETA as f32));
    x.mul(alpha).add(beta).max(L::splat(0.0)).min(L::splat(1.0))
}
