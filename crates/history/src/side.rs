//! What a choice's label says, where a proposal asks for a yes or a no.

/// What a ballot says to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// For.
    For,
    /// Against.
    Against,
    /// Neither, where the proposal offers that.
    Abstain,
    /// A choice of a proposal without a yes and a no.
    Other,
}

impl Side {
    /// What a label says, by its first word.
    ///
    /// ```
    /// use daotwin_history::Side;
    /// assert_eq!(Side::of("Yes, this is necessary."), Side::For);
    /// assert_eq!(Side::of("Option B"), Side::Other);
    /// ```
    pub fn of(label: &str) -> Self {
        let word: String = label.trim().chars().take_while(|letter| letter.is_alphabetic()).collect();
        match word.to_lowercase().as_str() {
            "for" | "yes" | "yae" | "yea" | "yay" | "aye" | "approve" | "accept" | "agree" | "support" => {
                Self::For
            }
            "against" | "no" | "nay" | "reject" | "disagree" | "oppose" | "veto" => Self::Against,
            "abstain" | "abstention" => Self::Abstain,
            _ => Self::Other,
        }
    }

    /// One letter for it, and [`Side::read`] back.
    pub const fn letter(self) -> char {
        match self {
            Self::For => 'f',
            Self::Against => 'a',
            Self::Abstain => 'n',
            Self::Other => 'o',
        }
    }

    /// The side of a letter.
    pub const fn read(letter: char) -> Self {
        match letter {
            'f' => Self::For,
            'a' => Self::Against,
            'n' => Self::Abstain,
            _ => Self::Other,
        }
    }
}
