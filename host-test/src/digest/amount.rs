//! What is the sum of amounts that are decimal text? Exact, or none.

use std::fmt;

/// A number of these decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Amount {
    units: i128,
    decimals: u32,
}

/// No money has more.
const DECIMALS: u32 = 12;

impl Amount {
    /// The amount in a text such as `360.5`. `None` if it is not plainly one.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = whole.strip_prefix('-').unwrap_or(whole);
        let is_number = !digits.is_empty()
            && !text.ends_with('.')
            && digits.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        let decimals = u32::try_from(fraction.len()).ok().filter(|it| *it <= DECIMALS)?;
        let units = is_number.then(|| format!("{whole}{fraction}").parse().ok())??;
        Some(Self { units, decimals })
    }

    pub(crate) fn is_zero(self) -> bool {
        self.units == 0
    }

    /// Both together; `None` where that is more than any money.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        let decimals = self.decimals.max(other.decimals);
        let units = self.units_in(decimals)?.checked_add(other.units_in(decimals)?)?;
        Some(Self { units, decimals })
    }

    /// So many times it; `None` where that is more than any money.
    pub(crate) fn times(self, count: u64) -> Option<Self> {
        Some(Self { units: self.units.checked_mul(count.into())?, ..self })
    }

    fn units_in(self, decimals: u32) -> Option<i128> {
        self.units.checked_mul(10_i128.checked_pow(decimals.checked_sub(self.decimals)?)?)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let decimals = usize::try_from(self.decimals).unwrap_or_default();
        let digits = format!("{:0>width$}", self.units.unsigned_abs(), width = decimals + 1);
        match digits.split_at_checked(digits.len() - decimals) {
            Some((whole, fraction)) if !fraction.is_empty() => {
                write!(f, "{sign}{whole}.{fraction}")
            }
            _ => write!(f, "{sign}{digits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_and_keep_the_decimals_that_came() {
        let sum = |texts: &[&str]| {
            let add = |sum: Amount, text: &&str| sum.plus(Amount::of(text)?);
            texts.iter().try_fold(Amount::default(), add).map(|sum| sum.to_string())
        };
        assert_eq!(sum(&["0.1", "0.2"]).unwrap(), "0.3");
        assert_eq!(sum(&["360.50", "1.5", "40"]).unwrap(), "402.00");
        assert_eq!(sum(&["-0.05", "0.01"]).unwrap(), "-0.04");
        assert_eq!(
            sum(&["9007199254740993", "0.000000000001"]).unwrap(),
            "9007199254740993.000000000001"
        );
        let thrice = Amount::of("210.50").unwrap().times(3).unwrap();
        assert_eq!(thrice.to_string(), "631.50");
        let largest = "9".repeat(38);
        assert_eq!(Amount::of(&largest).unwrap().times(2), None);
        assert_eq!(sum(&[&largest]).unwrap(), largest);
        assert_eq!(sum(&[&largest, "0.1"]), None);
        for wrong in
            ["", ".", "1.", ".5", "1e3", "1,5", "+1", "--1", " 1", "٣", "0.1234567890123", "NaN"]
        {
            assert_eq!(Amount::of(wrong), None, "{wrong}");
        }
    }
}
