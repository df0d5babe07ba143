//! A map that never grows: places in groups of four, of which the one not used for longest gives way.

const WAYS: usize = 4;

#[derive(Debug, Clone)]
struct Slot<T> {
    key: u64,
    /// When it was last used; zero is never.
    used: u64,
    value: T,
}

/// Values by key in constant memory. What was not used for long may be forgotten; nothing else changes.
#[derive(Debug, Clone)]
pub(crate) struct Slots<T> {
    slots: Vec<Slot<T>>,
    mask: u64,
    clock: u64,
}

impl<T: Clone + Default> Slots<T> {
    /// Room for `1 << bits` values, at least four.
    pub(crate) fn new(bits: u32) -> Self {
        let groups = 1_u64 << bits.saturating_sub(2);
        let empty = Slot { key: 0, used: 0, value: T::default() };
        Self { slots: vec![empty; groups as usize * WAYS], mask: groups - 1, clock: 0 }
    }

    fn group(&self, key: u64) -> std::ops::Range<usize> {
        let first = (key & self.mask) as usize * WAYS;
        first..first + WAYS
    }

    /// The value under a key, where it is known still.
    pub(crate) fn get(&self, key: u64) -> Option<&T> {
        self.slots[self.group(key)]
            .iter()
            .find(|slot| slot.used > 0 && slot.key == key)
            .map(|slot| &slot.value)
    }

    /// The value under a key, new where it is not known.
    pub(crate) fn entry(&mut self, key: u64) -> &mut T {
        self.clock += 1;
        let range = self.group(key);
        let group = &self.slots[range.clone()];
        let found = group.iter().position(|slot| slot.used > 0 && slot.key == key);
        let place = found.unwrap_or_else(|| {
            group.iter().enumerate().min_by_key(|(_, slot)| slot.used).map_or(0, |(place, _)| place)
        });
        let slot = &mut self.slots[range.start + place];
        if found.is_none() {
            *slot = Slot { key, used: 0, value: T::default() };
        }
        slot.used = self.clock;
        &mut slot.value
    }

    /// What it takes, values on the heap left out.
    pub(crate) const fn bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot<T>>()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_gives_way() {
        let mut slots: Slots<u64> = Slots::new(4);
        let before = slots.bytes();
        *slots.entry(7) = 70;
        for key in 0..10_000 {
            *slots.entry(7) += 1;
            *slots.entry(crate::hash::mix(key)) = key;
        }
        assert_eq!(slots.get(7), Some(&10_070));
        assert_eq!(slots.get(crate::hash::mix(3)), None);
        assert_eq!(slots.bytes(), before);
    }
}
