//! A block of numbers out of its planes: pairs of bytes first, then pairs of those, so that each step works on as many at once as there
//! is room for.

/// Numbers are made in blocks of so many: what a block is made of stays in the fastest cache.
pub(super) const BLOCK: usize = 64;

/// The planes of some numbers, the lowest first.
#[derive(Clone, Copy)]
pub(super) struct Block<'a, const W: usize>(pub(super) [&'a [u8; BLOCK]; W]);

impl<const W: usize> Block<'_, W> {
    /// What zigzag numbers of at most 2 bytes are.
    #[inline(always)]
    pub(super) fn small_differences(&self) -> [i32; BLOCK] {
        each(&self.pairs(0), |zigzag| {
            let number = (zigzag >> 1).cast_signed() ^ (zigzag & 1).cast_signed().wrapping_neg();
            i32::from(number)
        })
    }

    /// What zigzag numbers of at most 4 bytes are.
    #[inline(always)]
    pub(super) fn differences(&self) -> [i32; BLOCK] {
        each(&self.numbers(), |zigzag| {
            (zigzag >> 1).cast_signed() ^ (zigzag & 1).cast_signed().wrapping_neg()
        })
    }

    /// What zigzag numbers of at most 8 bytes are.
    #[inline(always)]
    pub(super) fn wide_differences(&self) -> [i64; BLOCK] {
        each(&self.wide_numbers(), super::unzigzag)
    }

    /// Numbers of at most 4 bytes.
    #[inline(always)]
    pub(super) fn small_numbers(&self) -> [u64; BLOCK] {
        each(&self.quads(0), u64::from)
    }

    /// The same in 4 bytes.
    #[inline(always)]
    fn numbers(&self) -> [u32; BLOCK] {
        self.quads(0)
    }

    /// Numbers of at most 8 bytes.
    #[inline(always)]
    pub(super) fn wide_numbers(&self) -> [u64; BLOCK] {
        both(&self.quads(0), &self.quads(4), |low, high| u64::from(low) | u64::from(high) << 32)
    }

    /// The four planes from `at` on.
    #[inline(always)]
    fn quads(&self, at: usize) -> [u32; BLOCK] {
        if W <= at + 2 {
            return each(&self.pairs(at), u32::from);
        }
        both(&self.pairs(at), &self.pairs(at + 2), |low, high| u32::from(low) | u32::from(high) << 16)
    }

    /// The two planes from `at` on.
    #[inline(always)]
    fn pairs(&self, at: usize) -> [u16; BLOCK] {
        let Some(low) = self.0.get(at) else { return [0; BLOCK] };
        match self.0.get(at + 1) {
            Some(high) => both(low, high, |low, high| u16::from(low) | u16::from(high) << 8),
            None => each(low, u16::from),
        }
    }
}

/// A plain loop: what arrays and iterators have of their own is only in some builds made into instructions that work on several at once.
#[inline(always)]
pub(super) fn each<A: Copy, B: Copy + Default>(from: &[A; BLOCK], make: impl Fn(A) -> B) -> [B; BLOCK] {
    let mut out = [B::default(); BLOCK];
    for i in 0..BLOCK {
        out[i] = make(from[i]);
    }
    out
}

/// The same of two.
#[inline(always)]
fn both<A: Copy, B: Copy + Default>(
    low: &[A; BLOCK],
    high: &[A; BLOCK],
    make: impl Fn(A, A) -> B,
) -> [B; BLOCK] {
    let mut out = [B::default(); BLOCK];
    for i in 0..BLOCK {
        out[i] = make(low[i], high[i]);
    }
    out
}
