//! What a kept record was read at, whose it is, and how often it was used, in one word: a cache has a million of them.

use std::sync::atomic::{AtomicU64, Ordering};

use super::versions::{Place, Version};

/// From the low end: 2 bits of uses, 12 of the place, 50 of the version.
pub(crate) struct Stamp(AtomicU64);

impl Stamp {
    /// More uses than this are not counted, so that hits on what is hot write nothing.
    pub(crate) const MOST_USES: u8 = 3;

    const USES: u64 = 0b11;
    const USES_BITS: u32 = Self::USES.count_ones();
    const PLACE: u64 = 0xFFF;
    const PLACE_BITS: u32 = Self::PLACE.count_ones();
    const VERSION: u64 = u64::MAX >> (Self::PLACE_BITS + Self::USES_BITS);

    /// A version that has no room (after as many changes as a million a second make in 35 years) counts as an earlier
    /// one, which is not answered where anything was changed since.
    pub(crate) fn new(read: Version, owner: Place) -> Self {
        let version = read.0.min(Self::VERSION);
        let place = u64::from(owner.0) & Self::PLACE;
        Self(AtomicU64::new((version << Self::PLACE_BITS | place) << Self::USES_BITS))
    }

    /// Noted before the record was read.
    #[inline]
    pub(crate) fn read(&self) -> Version {
        Version(self.load() >> (Self::PLACE_BITS + Self::USES_BITS))
    }

    #[inline]
    pub(crate) fn owner(&self) -> Place {
        let place = self.load() >> Self::USES_BITS & Self::PLACE;
        Place(u16::try_from(place).unwrap_or_default())
    }

    #[inline]
    pub(crate) fn uses(&self) -> u8 {
        u8::try_from(self.load() & Self::USES).unwrap_or_default()
    }

    /// One more. A use that is lost in a race costs a look-up at most.
    #[inline]
    pub(crate) fn used(&self) {
        let uses = self.uses();
        if uses < Self::MOST_USES {
            self.set_uses(uses.saturating_add(1));
        }
    }

    /// The other bits never change: whoever stores last stores them as they were.
    pub(crate) fn set_uses(&self, uses: u8) {
        let others = self.load() & !Self::USES;
        self.0.store(others | u64::from(uses.min(Self::MOST_USES)), Ordering::Relaxed);
    }

    /// It is published along with the record that it stands beside.
    #[inline]
    fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

// Every place has room.
const _: () = assert!(super::atomic::PLACES as u64 - 1 <= Stamp::PLACE);

#[cfg(test)]
mod tests {
    use super::{Place, Stamp, Version};

    #[test]
    fn it_gives_back_what_it_was_made_of() {
        for version in [0, 1, 4_095, 4_096, 1 << 32, (1 << 50) - 1] {
            for place in [0, 1, 2_048, 4_095] {
                let stamp = Stamp::new(Version(version), Place(place));
                for uses in [0, 3, 1, 2] {
                    stamp.set_uses(uses);
                    assert_eq!((stamp.read(), stamp.owner(), stamp.uses()), (Version(version), Place(place), uses));
                }
            }
        }
    }

    #[test]
    fn uses_are_counted_to_three() {
        let stamp = Stamp::new(Version(7), Place(9));
        for uses in [1, 2, 3, 3, 3] {
            stamp.used();
            assert_eq!((stamp.read(), stamp.owner(), stamp.uses()), (Version(7), Place(9), uses));
        }
        stamp.set_uses(u8::MAX);
        assert_eq!((stamp.read(), stamp.owner(), stamp.uses()), (Version(7), Place(9), 3));
    }

    /// Earlier is the safe side: it is looked up anew.
    #[test]
    fn a_version_without_room_counts_as_an_earlier_one() {
        for version in [1 << 50, u64::MAX] {
            let stamp = Stamp::new(Version(version), Place(4_095));
            assert_eq!((stamp.read(), stamp.owner(), stamp.uses()), (Version((1 << 50) - 1), Place(4_095), 0));
        }
    }
}
