//! What happens to a sum before it is written.

use super::lanes::Lanes;

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
    x.mul(L::splat(1.0 / 6.0)).add(L::splat(0.5)).max(L::splat(0.0)).min(L::splat(1.0))
}
