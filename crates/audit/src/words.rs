//! Calls and values as people write them, with the names of a world.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256, hex};

use crate::artifact::Callable;
use crate::finding::Effect;
use crate::sequence::{Step, Wait};
use crate::shrink::Codec;
use crate::world::World;

/// Bytes that are written out; of more only the length is told.
const MOST_BYTES: usize = 68;

/// Writes calls and values with the names of a world.
#[derive(Debug)]
pub struct Words<'w> {
    world: &'w World,
    codec: Codec,
}

impl<'w> Words<'w> {
    /// Those of a world.
    pub fn new(world: &'w World) -> Self {
        Self { world, codec: Codec::new(world) }
    }

    /// The name of an account or contract; its address where it has none.
    pub fn name(&self, address: Address) -> String {
        self.world.name_of(address)
    }

    /// A value: accounts by name, amounts with exponents, bytes as the call that they encode.
    pub fn value(&self, value: &DynSolValue) -> String {
        let list = |values: &[DynSolValue]| {
            values.iter().map(|value| self.value(value)).collect::<Vec<_>>().join(", ")
        };
        match value {
            DynSolValue::Uint(value, bits) => number(*value, *bits),
            DynSolValue::Address(address) => self.name(*address),
            DynSolValue::Bytes(bytes) => self.bytes(bytes),
            DynSolValue::Array(values) | DynSolValue::FixedArray(values) => format!("[{}]", list(values)),
            DynSolValue::Tuple(values) => format!("({})", list(values)),
            other => show(other),
        }
    }

    /// Bytes: the call that they encode, or hexadecimal.
    pub fn bytes(&self, bytes: &[u8]) -> String {
        match self.codec.decode(bytes) {
            Some((callable, arguments)) => self.function(callable, &arguments),
            None if bytes.len() > MOST_BYTES => format!("{} bytes", bytes.len()),
            None => hex::encode_prefixed(bytes),
        }
    }

    fn function(&self, callable: &Callable, arguments: &[DynSolValue]) -> String {
        let names = callable.parameter_names();
        let arguments = arguments.iter().enumerate().map(|(number, argument)| {
            match names.get(number).copied().unwrap_or_default() {
                "" => self.value(argument),
                name => format!("{name}: {}", self.value(argument)),
            }
        });
        format!("{}({})", callable.name(), arguments.collect::<Vec<_>>().join(", "))
    }

    /// A call: `token.transfer(to: attacker, amount: 10e18)`, with the ether sent along behind it.
    pub fn call(&self, step: &Step) -> String {
        let to = self.name(step.to);
        let value = match step.value {
            value if value.is_zero() => String::new(),
            value => format!(" with {}", ether(value)),
        };
        match &step.function {
            Some(callable) => format!("{to}.{}{value}", self.function(callable, &step.arguments)),
            None => format!("{to}: {} sent", ether(step.value)),
        }
    }

    /// A step: `2 days later, attacker calls dao.execute(id: 1)`.
    pub fn sentence(&self, step: &Step) -> String {
        let waited = match wait(step.wait) {
            none if none.is_empty() => String::new(),
            time => format!("{time} later, "),
        };
        let verb = if step.function.is_some() { "calls" } else { "pays" };
        format!("{waited}{} {verb} {}", self.name(step.sender), self.call(step))
    }

    /// A call that is known by its input only.
    fn input(&self, to: Address, data: &[u8]) -> String {
        format!("{}.{}", self.name(to), self.bytes(data))
    }

    /// What an effect says, in a sentence without full stop.
    pub fn effect(&self, effect: &Effect) -> String {
        let token = |token: &Address, amount: &U256| {
            let asset = self.world.assets.iter().find(|asset| asset.token == Some(*token));
            let decimals = asset.map_or(18, |asset| asset.decimals);
            format!("{} {}", units(*amount, decimals), self.name(*token))
        };
        match effect {
            Effect::EtherGained { account, least } => {
                format!("`{}` has {} more", self.name(*account), ether(*least))
            }
            Effect::EtherLost { account, least } => {
                format!("`{}` has {} less", self.name(*account), ether(*least))
            }
            Effect::TokenGained { token: of, account, least } => {
                format!("`{}` has {} more", self.name(*account), token(of, least))
            }
            Effect::TokenLost { token: of, account, least } => {
                format!("`{}` has {} less", self.name(*account), token(of, least))
            }
            Effect::Stored { account, slot, value } => {
                let address = Address::from_word((*value).into());
                let known = self.name(address);
                let value =
                    if known == address.to_string() { format!("{value:#x}") } else { format!("`{known}`") };
                format!("word {slot:#x} of the storage of `{}` is {value}", self.name(*account))
            }
            Effect::Gone { account } => format!("`{}` has no code any more", self.name(*account)),
            Effect::Answers { to, data, output, .. } => {
                format!("`{}` answers {}", self.input(*to, data), answer(output))
            }
            Effect::Fails { sender, to, data, .. } => {
                format!("`{}` by `{}` fails", self.input(*to, data), self.name(*sender))
            }
            Effect::Succeeds { sender, to, data, .. } => {
                format!("`{}` by `{}` goes well", self.input(*to, data), self.name(*sender))
            }
            Effect::Prevents { sender, to, data, wait, .. } => {
                let (call, who) = (self.input(*to, data), self.name(*sender));
                format!(
                    "`{call}` by `{who}`, {wait} seconds later, fails and would go well without these steps"
                )
            }
            Effect::Panics { sender, to, data, .. } => {
                format!("`{}` by `{}` fails an assertion", self.input(*to, data), self.name(*sender))
            }
            Effect::Costs { sender, to, data, least, .. } => {
                format!("`{}` by `{}` takes {least} more gas", self.input(*to, data), self.name(*sender))
            }
            Effect::Phished { origin, to, data, .. } => {
                let (call, who) = (self.input(*to, data), self.name(*origin));
                format!("`{call}` goes well when `{who}` calls an attacker's contract")
            }
        }
    }
}

fn answer(output: &[u8]) -> String {
    match <&[u8; 32]>::try_from(output) {
        Ok(word) => number(U256::from_be_bytes(*word), 256),
        Err(_) if output.len() > MOST_BYTES => format!("{} bytes", output.len()),
        Err(_) => hex::encode_prefixed(output),
    }
}

/// A number: `10e18` from 10^15 on where it is a round one, `the greatest` where it is.
pub fn number(value: U256, bits: usize) -> String {
    if bits > 8 && bits <= 256 && value == U256::MAX >> (256 - bits) {
        return format!("type(uint{bits}).max");
    }
    let text = value.to_string();
    let zeros = text.len() - text.trim_end_matches('0').len();
    if zeros >= 18 {
        return format!("{}e18", &text[..text.len() - 18]);
    }
    if zeros >= 12 && text.len() > 15 {
        return format!("{}e{zeros}", &text[..text.len() - zeros]);
    }
    text
}

/// An amount in units of so many decimals, all digits that are not zero.
pub fn units(value: U256, decimals: u8) -> String {
    let unit = U256::from(10).saturating_pow(U256::from(decimals));
    let (whole, rest) = value.div_rem(unit);
    if rest.is_zero() {
        return whole.to_string();
    }
    let digits = format!("{:0>width$}", rest.to_string(), width = usize::from(decimals));
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// An amount of ether; in wei where it is less than a millionth.
pub fn ether(value: U256) -> String {
    if !value.is_zero() && value < U256::from(1_000_000_000_000_u64) {
        return format!("{value} wei");
    }
    format!("{} ether", units(value, 18))
}

/// Time that passes: `2 days`, `7200 blocks`; empty where none does.
pub fn wait(wait: Wait) -> String {
    let seconds = match wait.seconds {
        0 => String::new(),
        seconds => span(seconds),
    };
    let blocks = match wait.blocks {
        0 => String::new(),
        1 => "1 block".to_owned(),
        blocks => format!("{blocks} blocks"),
    };
    [seconds, blocks].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" and ")
}

fn span(seconds: u64) -> String {
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (name, size) in units {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    parts.join(" ")
}

/// A value in a line: numbers in decimal, lists in brackets, structures in parentheses.
pub fn show(value: &DynSolValue) -> String {
    let list = |values: &[DynSolValue]| values.iter().map(show).collect::<Vec<_>>().join(", ");
    match value {
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::Int(value, _) => value.to_string(),
        DynSolValue::Uint(value, bits) => number(*value, *bits),
        DynSolValue::FixedBytes(word, length) => hex::encode_prefixed(&word[..(*length).min(32)]),
        DynSolValue::Address(address) => address.to_string(),
        DynSolValue::Function(function) => function.to_string(),
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        DynSolValue::String(text) => format!("{text:?}"),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => format!("[{}]", list(values)),
        DynSolValue::Tuple(values) => format!("({})", list(values)),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        let big = |text: &str| text.parse::<U256>().unwrap();
        assert_eq!(number(big("900000000000000000000000"), 256), "900000e18");
        assert_eq!(number(big("1500000000000000000"), 256), "15e17");
        assert_eq!(number(big("1500000000000000001"), 256), "1500000000000000001");
        assert_eq!(number(U256::MAX, 256), "type(uint256).max");
        assert_eq!(number(U256::from(255), 8), "255");
        assert_eq!(ether(big("1500000000000000000")), "1.5 ether");
        assert_eq!(ether(U256::from(7)), "7 wei");
        assert_eq!(units(U256::from(1_234_560), 6), "1.23456");
        assert_eq!(wait(Wait { blocks: 1, seconds: 90_061 }), "1 day 1 hour 1 minute 1 second and 1 block");
        assert_eq!(wait(Wait::default()), "");
    }
}
