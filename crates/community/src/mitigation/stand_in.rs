//! What a stream of records lacks: texts and payments of a community that is nobody's stand in for them, so that policies on
//! links and payments meet honest ones too and do not seem to cost nothing.

use daotwin_core::Seed;

use crate::attack::DAY;
use crate::stream::baseline::write;
use crate::stream::{BASELINE_START, Stream, Transfer, baseline};

/// What stood in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StandIns {
    /// Texts: the stream had none.
    pub texts: bool,
    /// Payments and delegations: the stream had none.
    pub payments: bool,
}

/// Messages that a member of a baseline writes a day.
const RATE: f64 = 0.5;

/// Writes texts where no message has one, and payments where there are none, as many for each message as the baseline has, by
/// members as busy. Deterministic in `seed`.
pub(super) fn stand_in(stream: &mut Stream, seed: Seed) -> StandIns {
    let lacks = StandIns {
        texts: stream.messages.iter().all(|message| message.text.is_empty()),
        payments: stream.transfers.is_empty(),
    };
    if lacks.texts {
        let announces: Vec<bool> =
            stream.channels.iter().map(|name| name.to_lowercase().contains("announce")).collect();
        let streams = seed.streams("mitigation texts");
        for (place, message) in stream.messages.iter_mut().enumerate() {
            let subject = stream.topics.get(message.topic as usize).map_or("", String::as_str);
            let announcement = announces.get(message.channel as usize) == Some(&true);
            message.text = write(subject, message.sentiment, announcement, &mut streams.stream(place as u64));
        }
    }
    if let (true, Some(first), Some(last)) = (lacks.payments, stream.messages.first(), stream.messages.last())
    {
        let (start, span) = (first.at, (last.at - first.at).max(1) as f64);
        let days = (span / DAY).ceil().clamp(1.0, 90.0);
        let members = (stream.messages.len() as f64 / (RATE * days)).clamp(2.0, 3_000.0);
        let members = (members as usize).min(stream.accounts.len());
        let model = baseline(members as u32, days as u32, seed);
        // The busiest pay as the busiest there do.
        let (here, there) = (busiest(stream), busiest(&model));
        let mut went = vec![0_u32; model.accounts.len()];
        there.iter().zip(&here).for_each(|(&model, &own)| went[model as usize] = own);
        let assets = stream.assets.len() as u32;
        stream.assets.extend(model.assets.iter().cloned());
        let scale = span / (days * DAY);
        stream.transfers = model
            .transfers
            .iter()
            .map(|transfer| Transfer {
                at: start + ((transfer.at - BASELINE_START) as f64 * scale) as i64,
                from: went[transfer.from as usize],
                to: went[transfer.to as usize],
                asset: assets + transfer.asset,
                ..transfer.clone()
            })
            .collect();
        stream.sort();
    }
    lacks
}

/// Accounts by how much they wrote, the busiest first.
fn busiest(stream: &Stream) -> Vec<u32> {
    let mut written = vec![0_u32; stream.accounts.len()];
    stream.messages.iter().for_each(|message| written[message.author as usize] += 1);
    let mut order: Vec<u32> = (0..stream.accounts.len() as u32).collect();
    order.sort_by_key(|&account| std::cmp::Reverse(written[account as usize]));
    order
}
