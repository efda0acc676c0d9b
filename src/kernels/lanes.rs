//! The processor's vectors behind one trait: the kernels are written once.

use std::array;

use super::BLOCK;

/// Floats that the processor computes together.
///
/// The implementations for special instructions are sound only where the processor has them: [`dispatch`] sees to
/// that.
pub(super) trait Lanes: Copy {
    /// How many floats.
    const WIDTH: usize;

    /// Every lane the same.
    fn splat(value: f32) -> Self;

    /// The first `WIDTH` values.
    fn load(values: &[f32]) -> Self;

    /// Writes the first `WIDTH` values.
    fn store(self, values: &mut [f32]);

    /// `self · factor + addend`, rounded once or twice, as the processor likes.
    fn mul_add(self, factor: Self, addend: Self) -> Self;

    fn add(self, other: Self) -> Self;

    fn sub(self, other: Self) -> Self;

    fn mul(self, other: Self) -> Self;

    fn div(self, other: Self) -> Self;

    fn max(self, other: Self) -> Self;

    fn min(self, other: Self) -> Self;

    fn sqrt(self) -> Self;
}

/// Four floats of WebAssembly's fixed-width SIMD. Fused multiply-adds of relaxed SIMD made the network a tenth slower in V8
/// 11.3, whose instruction wants its sum in one register.
#[cfg(target_arch = "wasm32")]
#[derive(Clone, Copy)]
pub(super) struct Wasm(core::arch::wasm32::v128);

#[cfg(target_arch = "wasm32")]
mod wasm {
    use core::arch::wasm32::*;

    use super::{Lanes, Wasm};

    impl Lanes for Wasm {
        const WIDTH: usize = 4;

        #[inline(always)]
        fn splat(value: f32) -> Self {
            Self(f32x4_splat(value))
        }

        #[inline(always)]
        fn load(values: &[f32]) -> Self {
            let values: &[f32; 4] = values[..4].try_into().expect("four values");
            // SAFETY: the reference is to 16 readable bytes, and the instruction needs no alignment.
            Self(unsafe { v128_load(values.as_ptr().cast()) })
        }

        #[inline(always)]
        fn store(self, values: &mut [f32]) {
            let values: &mut [f32; 4] = (&mut values[..4]).try_into().expect("four values");
            // SAFETY: the reference is to 16 writable bytes, and the instruction needs no alignment.
            unsafe { v128_store(values.as_mut_ptr().cast(), self.0) }
        }

        #[inline(always)]
        fn mul_add(self, factor: Self, addend: Self) -> Self {
            self.mul(factor).add(addend)
        }

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(f32x4_add(self.0, other.0))
        }

        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            Self(f32x4_sub(self.0, other.0))
        }

        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            Self(f32x4_mul(self.0, other.0))
        }

        #[inline(always)]
        fn div(self, other: Self) -> Self {
            Self(f32x4_div(self.0, other.0))
        }

        // The pseudo-minimum and -maximum are one instruction; the others treat NaN and −0 with care, and take five.
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            Self(f32x4_pmax(self.0, other.0))
        }

        #[inline(always)]
        fn min(self, other: Self) -> Self {
            Self(f32x4_pmin(self.0, other.0))
        }

        #[inline(always)]
        fn sqrt(self) -> Self {
            Self(f32x4_sqrt(self.0))
        }
    }
}

/// Eight floats of AVX2 with fused multiply-adds.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Avx2(core::arch::x86_64::__m256);

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use core::arch::x86_64::*;

    use super::{Avx2, Lanes};

    // SAFETY of every block below: `dispatch` has asked the processor for AVX2 and FMA, and the references are to the
    // eight values that an instruction reads or writes.
    impl Lanes for Avx2 {
        const WIDTH: usize = 8;

        #[inline(always)]
        fn splat(value: f32) -> Self {
            Self(unsafe { _mm256_set1_ps(value) })
        }

        #[inline(always)]
        fn load(values: &[f32]) -> Self {
            let values: &[f32; 8] = values[..8].try_into().expect("eight values");
            Self(unsafe { _mm256_loadu_ps(values.as_ptr()) })
        }

        #[inline(always)]
        fn store(self, values: &mut [f32]) {
            let values: &mut [f32; 8] = (&mut values[..8]).try_into().expect("eight values");
            unsafe { _mm256_storeu_ps(values.as_mut_ptr(), self.0) }
        }

        #[inline(always)]
        fn mul_add(self, factor: Self, addend: Self) -> Self {
            Self(unsafe { _mm256_fmadd_ps(self.0, factor.0, addend.0) })
        }

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(unsafe { _mm256_add_ps(self.0, other.0) })
        }

        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            Self(unsafe { _mm256_sub_ps(self.0, other.0) })
        }

        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            Self(unsafe { _mm256_mul_ps(self.0, other.0) })
        }

        #[inline(always)]
        fn div(self, other: Self) -> Self {
            Self(unsafe { _mm256_div_ps(self.0, other.0) })
        }

        #[inline(always)]
        fn max(self, other: Self) -> Self {
            Self(unsafe { _mm256_max_ps(other.0, self.0) })
        }

        #[inline(always)]
        fn min(self, other: Self) -> Self {
            Self(unsafe { _mm256_min_ps(other.0, self.0) })
        }

        #[inline(always)]
        fn sqrt(self) -> Self {
            Self(unsafe { _mm256_sqrt_ps(self.0) })
        }
    }
}

/// Four floats, as the compiler sees fit: every processor that the others are not for.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Copy)]
pub(super) struct Portable([f32; 4]);

#[cfg(not(target_arch = "wasm32"))]
impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, with: impl Fn(f32, f32) -> f32) -> Self {
        Self(array::from_fn(|lane| with(self.0[lane], other.0[lane])))
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Lanes for Portable {
    const WIDTH: usize = 4;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    fn load(values: &[f32]) -> Self {
        Self(values[..4].try_into().expect("four values"))
    }

    #[inline(always)]
    fn store(self, values: &mut [f32]) {
        values[..4].copy_from_slice(&self.0);
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        self.mul(factor).add(addend)
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { b } else { a })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if b < a { b } else { a })
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.map(f32::sqrt))
    }
}

/// A block of eight values, in as many vectors as that takes.
#[inline(always)]
pub(super) fn load_block<L: Lanes, const VECTORS: usize>(values: &[f32]) -> [L; VECTORS] {
    let values = &values[..BLOCK];
    array::from_fn(|vector| L::load(&values[vector * L::WIDTH..]))
}

/// Writes a block of eight values.
#[inline(always)]
pub(super) fn store_block<L: Lanes, const VECTORS: usize>(block: [L; VECTORS], values: &mut [f32]) {
    let values = &mut values[..BLOCK];
    for (vector, lanes) in block.into_iter().enumerate() {
        lanes.store(&mut values[vector * L::WIDTH..]);
    }
}

/// Where tiles of `size` begin that cover `count` places, which are no fewer. The last tile may cover some places that
/// the one before has covered: they are computed once more, to the same answer.
#[inline(always)]
pub(super) fn tile_starts(count: usize, size: usize) -> impl Iterator<Item = usize> {
    (0..count).step_by(size).map(move |start| start.min(count - size))
}

/// Gives a kernel its public function, which runs it with the widest vectors that the processor has.
///
/// The kernel itself is generic over [`Lanes`], the number of them that make up a block of eight channels, and the
/// number of pixels that it computes together: as many as the registers hold.
macro_rules! dispatch {
    ($(#[$doc:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) = $kernel:ident) => {
        $(#[$doc])*
        $visibility fn $name($($argument: $type),*) {
            #[cfg(target_arch = "wasm32")]
            return $kernel::<$crate::lanes::Wasm, 2, 4>($($argument),*);
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($argument: $type),*) {
                    $kernel::<$crate::lanes::Avx2, 1, 7>($($argument),*);
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has just said that it has both.
                    return unsafe { avx2($($argument),*) };
                }
            }
            #[cfg(not(target_arch = "wasm32"))]
            $kernel::<$crate::lanes::Portable, 2, 4>($($argument),*)
        }
    };
}
pub(super) use dispatch;
