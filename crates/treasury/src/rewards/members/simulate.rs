//! Communities drawn from a fitted model.

use daotwin_core::random::{Seed, Stream};

use super::activity::Activity;
use super::fit::Fit;
use super::likelihood::{Records, Standing};
use super::model::{Parameters, Person, State};

/// Draws records of `members` of whom all join in period 0 to `periods - 1`, uniformly: for tests of the fit.
pub fn draw(parameters: &Parameters, members: usize, periods: u32, seed: Seed) -> Activity {
    let streams = seed.streams("rewards members");
    let members = (0..members as u64)
        .map(|member| {
            let mut stream = streams.stream(member);
            let first = stream.below(u64::from(periods)) as u32;
            let mut person = Person::joining(&mut stream);
            let mut own = Vec::new();
            for period in first..periods {
                let acts = person.acts(parameters, 0.0, &mut stream);
                if acts > 0 {
                    own.push((period, acts));
                }
                person.advance(parameters, 0.0, &mut stream);
            }
            own
        })
        .collect();
    Activity { periods, members, from_beginning: true }
}

/// Where the members of records may stand after the last period, as far as the records tell.
#[derive(Debug, Clone)]
pub struct Standings {
    options: Vec<Vec<Standing>>,
    of_member: Vec<usize>,
}

impl Standings {
    /// Of these records, by this fit.
    pub fn new(activity: &Activity, fit: &Fit) -> Self {
        let records = Records::new(activity);
        Self { options: records.standings(&fit.parameters), of_member: records.of_member }
    }

    /// Draws where everyone stands.
    pub fn draw(&self, stream: &mut Stream) -> Vec<Person> {
        self.of_member
            .iter()
            .map(|&course| {
                let options = &self.options[course];
                let mut left = stream.uniform();
                let chosen = options.iter().find(|option| {
                    left -= option.weight;
                    left < 0.0
                });
                let gone = Person { commitment: 0.0, deviation: 0.0, state: State::Gone, newcomer: false };
                chosen.or(options.last()).map_or(gone, |option| Person {
                    commitment: option.commitment,
                    deviation: option.deviation,
                    state: option.state,
                    newcomer: option.newcomer,
                })
            })
            .collect()
    }
}

/// Continues records for `more` periods, `runs` times: their members as they may stand, and who joins. Each run is a
/// whole record: that of the past with what follows. Streams are by run: more runs leave the first as they are.
pub fn carry_on(activity: &Activity, fit: &Fit, more: u32, runs: u64, seed: Seed) -> Vec<Activity> {
    let standings = Standings::new(activity, fit);
    let streams = seed.streams("rewards continued");
    (0..runs)
        .map(|run| {
            let mut stream = streams.stream(run);
            let mut people = standings.draw(&mut stream);
            let mut members = activity.members.clone();
            let mut joining = fit.joining;
            for period in activity.periods..activity.periods + more {
                people.iter_mut().for_each(|person| person.advance(&fit.parameters, 0.0, &mut stream));
                for _ in 0..joining.draw(&mut stream) {
                    people.push(Person::joining(&mut stream));
                    members.push(Vec::new());
                }
                for (person, own) in people.iter().zip(&mut members) {
                    let acts = person.acts(&fit.parameters, 0.0, &mut stream);
                    if acts > 0 {
                        own.push((period, acts));
                    }
                }
            }
            Activity { periods: activity.periods + more, members, from_beginning: activity.from_beginning }
        })
        .collect()
}
