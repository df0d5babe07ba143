//! The tables of a History and their columns, listed once.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};

/// A table of a History.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// A DAO or space a row.
    Daos,
    /// An address seen in a DAO.
    Members,
    /// A proposal.
    Proposals,
    /// One ballot; the last counts where re-voting is allowed.
    Votes,
    /// A change of delegate.
    Delegations,
    /// A token or treasury movement.
    Transfers,
    /// A contract call.
    Transactions,
    /// A post or reply.
    Messages,
    /// A day of an asset.
    Prices,
    /// A funded project.
    Grants,
    /// A balance at a time.
    Holdings,
    /// A call that a proposal would make.
    Actions,
    /// Something that happened to a proposal.
    ProposalEvents,
    /// Work or gifts between members.
    Contributions,
}

/// What a column holds, hence its Arrow type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An id, address, hash, asset or any word that repeats: dictionary-encoded text.
    Id,
    /// Free or unique text.
    Text,
    /// Token units, exact: `Decimal256(76, decimals)`.
    Amount,
    /// Amounts, one a choice.
    Amounts,
    /// `Timestamp(second, UTC)`; a column `<name>_precision` stands beside it.
    Time,
    /// How exact the time beside it is: `second`, `block` or `day`.
    Precision,
    /// A 64-bit integer.
    Integer,
    /// A float that is no money: sentiment, price.
    Float,
    /// Choice labels in the source's order.
    Choices,
    /// What a ballot chose: index (1-based) and relative weight; a ranking is in order of preference.
    Choice,
}

impl Kind {
    /// The kind in a word, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Text => "text",
            Self::Amount => "amount",
            Self::Amounts => "amounts",
            Self::Time => "time",
            Self::Precision => "precision",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Choices => "choices",
            Self::Choice => "choice",
        }
    }

    /// The Arrow type of this kind, with `decimals` of the History's amounts.
    pub fn data_type(self, decimals: u8) -> DataType {
        let scale = i8::try_from(decimals).unwrap_or(i8::MAX);
        match self {
            Self::Id | Self::Precision => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
            Self::Text => DataType::Utf8,
            Self::Amount => DataType::Decimal256(76, scale),
            Self::Amounts => {
                DataType::List(Arc::new(Field::new_list_field(DataType::Decimal256(76, scale), false)))
            }
            Self::Time => DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
            Self::Integer => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Choices => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, false))),
            Self::Choice => {
                DataType::List(Arc::new(Field::new_list_field(DataType::Struct(choice_fields()), false)))
            }
        }
    }
}

/// The fields of one entry of a `choice`.
pub fn choice_fields() -> Fields {
    Fields::from(vec![
        Field::new("index", DataType::Int32, false),
        Field::new("weight", DataType::Float64, false),
    ])
}

/// Whether a column may be known to everybody. Neighbouring Histories differ in the protected ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// Declared public: that a proposal exists, its type, choices and times; facts of the DAO itself.
    Public,
    /// What a member did or owns.
    Protected,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The exact name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether a row may lack it.
    pub nullable: bool,
    /// Whether it is protected.
    pub privacy: Privacy,
}

const fn public(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, nullable: true, privacy: Privacy::Public }
}

const fn protected(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, nullable: true, privacy: Privacy::Protected }
}

const fn key(column: Column) -> Column {
    Column { nullable: false, ..column }
}

const DAO: Column = key(public("dao", Kind::Id));

impl Table {
    /// Every table, in the order in which they are listed to users.
    pub const ALL: [Self; 14] = [
        Self::Daos,
        Self::Members,
        Self::Proposals,
        Self::Votes,
        Self::Delegations,
        Self::Transfers,
        Self::Transactions,
        Self::Messages,
        Self::Prices,
        Self::Grants,
        Self::Holdings,
        Self::Actions,
        Self::ProposalEvents,
        Self::Contributions,
    ];

    /// The table's name, which is also its file's name without `.parquet`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Daos => "daos",
            Self::Members => "members",
            Self::Proposals => "proposals",
            Self::Votes => "votes",
            Self::Delegations => "delegations",
            Self::Transfers => "transfers",
            Self::Transactions => "transactions",
            Self::Messages => "messages",
            Self::Prices => "prices",
            Self::Grants => "grants",
            Self::Holdings => "holdings",
            Self::Actions => "actions",
            Self::ProposalEvents => "proposal_events",
            Self::Contributions => "contributions",
        }
    }

    /// The table with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// The columns, in order.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Daos => {
                const {
                    &[
                        DAO,
                        public("name", Kind::Text),
                        public("platform", Kind::Id),
                        public("power_unit", Kind::Id),
                        public("token_decimals", Kind::Integer),
                        public("token_supply", Kind::Amount),
                        public("quorum_rule", Kind::Text),
                    ]
                }
            }
            Self::Members => {
                const {
                    &[
                        DAO,
                        key(protected("member", Kind::Id)),
                        protected("first_seen_at", Kind::Time),
                        protected("first_seen_at_precision", Kind::Precision),
                        protected("kind", Kind::Id),
                    ]
                }
            }
            Self::Proposals => {
                const {
                    &[
                        DAO,
                        key(public("proposal", Kind::Id)),
                        protected("author", Kind::Id),
                        public("title", Kind::Text),
                        public("category", Kind::Id),
                        public("voting_system", Kind::Id),
                        public("choices", Kind::Choices),
                        public("created_at", Kind::Time),
                        public("created_at_precision", Kind::Precision),
                        public("start_at", Kind::Time),
                        public("start_at_precision", Kind::Precision),
                        public("end_at", Kind::Time),
                        public("end_at_precision", Kind::Precision),
                        public("quorum", Kind::Amount),
                        protected("state", Kind::Id),
                        protected("scores", Kind::Amounts),
                    ]
                }
            }
            Self::Votes => {
                const {
                    &[
                        DAO,
                        key(public("proposal", Kind::Id)),
                        key(protected("member", Kind::Id)),
                        protected("cast_at", Kind::Time),
                        protected("cast_at_precision", Kind::Precision),
                        key(protected("choice", Kind::Choice)),
                        key(protected("power", Kind::Amount)),
                    ]
                }
            }
            Self::Delegations => {
                const {
                    &[
                        DAO,
                        key(protected("delegator", Kind::Id)),
                        protected("from_delegate", Kind::Id),
                        protected("to_delegate", Kind::Id),
                        protected("at", Kind::Time),
                        protected("at_precision", Kind::Precision),
                        protected("amount", Kind::Amount),
                    ]
                }
            }
            Self::Transfers => {
                const {
                    &[
                        DAO,
                        protected("at", Kind::Time),
                        protected("at_precision", Kind::Precision),
                        protected("from", Kind::Id),
                        protected("to", Kind::Id),
                        protected("asset", Kind::Id),
                        protected("amount", Kind::Amount),
                        protected("purpose", Kind::Id),
                    ]
                }
            }
            Self::Transactions => {
                const {
                    &[
                        DAO,
                        protected("at", Kind::Time),
                        protected("at_precision", Kind::Precision),
                        protected("block", Kind::Integer),
                        protected("hash", Kind::Text),
                        protected("from", Kind::Id),
                        protected("to", Kind::Id),
                        protected("value", Kind::Text),
                        protected("function", Kind::Id),
                        protected("arguments", Kind::Text),
                        protected("gas_used", Kind::Integer),
                        protected("status", Kind::Id),
                        protected("label", Kind::Id),
                    ]
                }
            }
            Self::Messages => {
                const {
                    &[
                        DAO,
                        key(protected("message", Kind::Text)),
                        protected("member", Kind::Id),
                        protected("at", Kind::Time),
                        protected("at_precision", Kind::Precision),
                        protected("channel", Kind::Id),
                        protected("reply_to", Kind::Text),
                        protected("topic", Kind::Id),
                        protected("sentiment", Kind::Float),
                        protected("label", Kind::Id),
                        protected("text", Kind::Text),
                    ]
                }
            }
            Self::Prices => {
                const {
                    &[
                        // An asset's price belongs to no DAO.
                        public("dao", Kind::Id),
                        key(public("asset", Kind::Id)),
                        public("at", Kind::Time),
                        public("at_precision", Kind::Precision),
                        public("open", Kind::Float),
                        public("high", Kind::Float),
                        public("low", Kind::Float),
                        public("close", Kind::Float),
                        public("volume", Kind::Float),
                    ]
                }
            }
            Self::Grants => {
                const {
                    &[
                        DAO,
                        key(protected("project", Kind::Id)),
                        protected("recipient", Kind::Id),
                        protected("at", Kind::Time),
                        protected("at_precision", Kind::Precision),
                        protected("asked", Kind::Amount),
                        protected("granted", Kind::Amount),
                        protected("milestone", Kind::Text),
                        protected("outcome", Kind::Id),
                    ]
                }
            }
            Self::Holdings => {
                const {
                    &[
                        DAO,
                        key(protected("member", Kind::Id)),
                        protected("at", Kind::Time),
                        protected("at_precision", Kind::Precision),
                        protected("asset", Kind::Id),
                        protected("amount", Kind::Amount),
                    ]
                }
            }
            Self::Actions => {
                const {
                    &[
                        DAO,
                        key(public("proposal", Kind::Id)),
                        key(public("index", Kind::Integer)),
                        public("target", Kind::Id),
                        public("value", Kind::Text),
                        public("signature", Kind::Id),
                        public("calldata", Kind::Text),
                    ]
                }
            }
            Self::ProposalEvents => {
                const {
                    &[
                        DAO,
                        key(public("proposal", Kind::Id)),
                        protected("at", Kind::Time),
                        protected("at_precision", Kind::Precision),
                        key(protected("event", Kind::Id)),
                    ]
                }
            }
            Self::Contributions => {
                const {
                    &[
                        DAO,
                        protected("at", Kind::Time),
                        protected("at_precision", Kind::Precision),
                        protected("from", Kind::Id),
                        protected("to", Kind::Id),
                        protected("kind", Kind::Id),
                        protected("amount", Kind::Amount),
                    ]
                }
            }
        }
    }

    /// The position of a column.
    pub fn column_index(self, name: &str) -> Option<usize> {
        self.columns().iter().position(|column| column.name == name)
    }

    /// The Arrow schema, with `decimals` of the History's amounts.
    pub fn schema(self, decimals: u8) -> Arc<Schema> {
        let fields = self
            .columns()
            .iter()
            .map(|column| Field::new(column.name, column.kind.data_type(decimals), column.nullable));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// How exact a time is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// To the second.
    #[default]
    Second,
    /// Interpolated from a block number: minutes.
    Block,
    /// Only the day is known.
    Day,
}

impl Precision {
    /// The value stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Block => "block",
            Self::Day => "day",
        }
    }

    /// The precision with this name; `second` for anything else.
    pub fn from_name(name: &str) -> Self {
        match name {
            "block" => Self::Block,
            "day" => Self::Day,
            _ => Self::Second,
        }
    }
}
