//! Economic scenarios: models fitted to prices, their checks, and what a sale does to a price.
