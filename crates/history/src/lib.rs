//! The History: what happened in a DAO, as typed tables.
//!
//! Imported, sampled and simulated DAOs are all Histories. In memory a [`History`] is one Arrow
//! `RecordBatch` a table; on disk it is a folder of `<table>.parquet` files beside `manifest.json`. The
//! tables and their columns are listed once, in [`schema`]; every reader, writer and check follows that
//! list. Models and facts work on the dense [`view::DaoView`] of one DAO.

pub mod amount;
pub mod builder;
pub mod constraints;
pub mod error;
pub mod export;
pub mod facts;
pub mod frame;
pub mod history;
pub mod ingest;
mod parquet_guard;
pub mod schema;
mod side;
pub mod subset;
pub mod synthesizer;
pub mod view;

pub use builder::{HistoryBuilder, SetAside};
pub use error::{Error, Result};
pub use history::{History, Manifest};
pub use schema::Table;
pub use side::Side;
