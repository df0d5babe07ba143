//! Cash flow in exact integers: streams, vesting, payroll, grants with milestones, revenue, buy-backs, emissions.
