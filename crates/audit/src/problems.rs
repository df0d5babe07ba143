//! What is wrong with an input, collected before anything is said.

/// Problems, up to a number; the rest are counted.
#[derive(Debug, Clone)]
pub(crate) struct Problems {
    list: Vec<String>,
    most: usize,
    left_out: usize,
}

impl Problems {
    /// Lists at most so many.
    pub(crate) fn new(most: u64) -> Self {
        Self { list: Vec::new(), most: usize::try_from(most).unwrap_or(usize::MAX).max(1), left_out: 0 }
    }

    /// Adds one.
    pub(crate) fn add(&mut self, problem: impl Into<String>) {
        if self.list.len() < self.most {
            self.list.push(problem.into());
        } else {
            self.left_out += 1;
        }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are, those that are only counted included.
    pub(crate) fn len(&self) -> usize {
        self.list.len() + self.left_out
    }

    /// One line each.
    pub(crate) fn into_lines(mut self) -> Vec<String> {
        if self.left_out > 0 {
            self.list.push(format!("and {} more problems", self.left_out));
        }
        self.list
    }
}
