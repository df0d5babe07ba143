//! Training through burn: the device is chosen at run time, and a build with `cuda` or `wgpu` has a GPU.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use daotwin_core::Stream;

use crate::adam::{Adam, Moments};
use crate::engine::{Engine, State, Wanted};
use crate::error::{Error, Result};
use crate::fused::{MOMENTUM, VARIANCE_FLOOR, check, clip_factor, drop_out, repeats};
use crate::network::{Activation, Batch, Input, Layer, NO_CODE, Network};
use crate::{Matrix, functions};

/// Trains through burn; see the module.
#[derive(Debug)]
pub struct Tensors {
    network: Arc<Network>,
    device: Device,
    /// The parameters, a matrix for each that [`shapes`] names.
    parts: Vec<Tensor<2>>,
    gradients: Vec<Tensor<2>>,
    first: Vec<Tensor<2>>,
    second: Vec<Tensor<2>>,
    steps: u64,
    statistics: Vec<f32>,
    /// The gradients as the caller sees and changes them, from [`Engine::gradient`] to the next step.
    host: Option<Vec<f32>>,
    last: Option<Last>,
}

/// The last way forth.
#[derive(Debug)]
struct Last {
    batch: Batch,
    dense: Tensor<2>,
    output: Tensor<2>,
    tracked: Vec<Tensor<2>>,
    linear: Vec<Link>,
    bends: Vec<Bend>,
}

/// A linear layer on the way forth: where its weights are, what went in, and a zero added to what came out,
/// whose gradient is that of the output.
#[derive(Debug)]
struct Link {
    part: usize,
    input: Tensor<2>,
    zero: Tensor<2>,
}

/// An activation on the way forth, and behind how many linear layers.
#[derive(Debug)]
struct Bend {
    behind: usize,
    bend: Activation,
    keep: f32,
    output: Tensor<2>,
}

/// The shapes of a network's parameters in their order.
fn shapes(network: &Network) -> Vec<[usize; 2]> {
    fn each(layers: &[Layer], to: &mut Vec<[usize; 2]>) {
        for layer in layers {
            match layer {
                Layer::Linear { inputs, outputs } => to.extend([[*inputs, *outputs], [1, *outputs]]),
                Layer::BatchNorm { width } => to.extend([[1, *width], [1, *width]]),
                Layer::Residual(inner) | Layer::Concat(inner) => each(inner, to),
                Layer::Activation { .. } => {}
            }
        }
    }
    let mut to = Vec::new();
    if let Input::Embed { dense, codes, outputs } = network.input {
        to.extend([[codes, outputs], [dense, outputs], [1, outputs]]);
    }
    each(&network.layers, &mut to);
    to
}

fn upload(data: &[f32], shape: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(data.to_vec(), shape), device)
}

fn split(data: &[f32], shapes: &[[usize; 2]], device: &Device) -> Vec<Tensor<2>> {
    let mut rest = data;
    let part = |shape: &[usize; 2]| {
        let (own, after) = rest.split_at(shape[0] * shape[1]);
        rest = after;
        upload(own, *shape, device)
    };
    shapes.iter().map(part).collect()
}

fn download(tensor: Tensor<2>) -> Result<Vec<f32>> {
    tensor.try_into_vec_as::<f32>().map_err(|error| Error::Tensors(format!("{error:?}")))
}

/// The gradient of a batch's numbers; zeros where it was not wanted.
fn input_gradient(batch: &Batch, found: Option<Tensor<2>>) -> Result<Matrix> {
    let (rows, columns) = (batch.dense.rows, batch.dense.columns);
    match found {
        Some(gradient) => Ok(Matrix::new(rows, columns, download(gradient)?)),
        None => Ok(Matrix::zeros(rows, columns)),
    }
}

fn join(parts: &[Tensor<2>]) -> Result<Vec<f32>> {
    let mut to = Vec::new();
    for part in parts {
        to.extend(download(part.clone())?);
    }
    Ok(to)
}

struct Forth<'a> {
    tracked: &'a [Tensor<2>],
    at: usize,
    device: &'a Device,
    statistics: &'a mut [f32],
    statistics_at: usize,
    stream: &'a mut Stream,
    linear: Vec<Link>,
    bends: Vec<Bend>,
}

impl Forth<'_> {
    fn take(&mut self) -> Tensor<2> {
        self.at += 1;
        self.tracked[self.at - 1].clone()
    }

    fn linear(&mut self, x: Tensor<2>) -> Tensor<2> {
        let part = self.at;
        let (weights, bias) = (self.take(), self.take());
        let input = x.clone().without_autodiff();
        // A batch without numbers has none to multiply.
        let y = if x.dims()[1] == 0 { bias.repeat(&[x.dims()[0], 1]) } else { x.matmul(weights) + bias };
        let zero = Tensor::<2>::zeros(y.dims(), self.device).autodiff().require_grad();
        self.linear.push(Link { part, input, zero: zero.clone() });
        y + zero
    }

    fn layers(&mut self, layers: &[Layer], mut x: Tensor<2>) -> Result<Tensor<2>> {
        for layer in layers {
            x = match layer {
                Layer::Linear { .. } => self.linear(x),
                Layer::Activation { bend, dropout } => {
                    let mut y = match bend {
                        Activation::Relu => activation::relu(x),
                        Activation::LeakyRelu(slope) => activation::leaky_relu(x, f64::from(*slope)),
                        Activation::Silu => activation::silu(x),
                    };
                    let mut keep = 1.0;
                    if *dropout > 0.0 {
                        keep = 1.0 / (1.0 - dropout);
                        let [rows, columns] = y.dims();
                        let mut mask = vec![1.0; rows * columns];
                        drop_out(&mut mask, *dropout, keep, self.stream);
                        y = y * upload(&mask, [rows, columns], self.device);
                    }
                    let output = y.clone().without_autodiff();
                    self.bends.push(Bend { behind: self.linear.len(), bend: *bend, keep, output });
                    y
                }
                Layer::BatchNorm { width } => self.batch_norm(*width, x)?,
                Layer::Residual(inner) => x.clone() + self.layers(inner, x)?,
                Layer::Concat(inner) => {
                    let y = self.layers(inner, x.clone())?;
                    Tensor::cat(vec![y, x], 1)
                }
            };
        }
        Ok(x)
    }

    fn batch_norm(&mut self, width: usize, x: Tensor<2>) -> Result<Tensor<2>> {
        let (scale, shift) = (self.take(), self.take());
        let rows = x.dims()[0] as f32;
        let mean = x.clone().mean_dim(0);
        let centred = x - mean.clone();
        let variance = (centred.clone() * centred.clone()).mean_dim(0);
        let own = &mut self.statistics[self.statistics_at..self.statistics_at + 2 * width];
        self.statistics_at += 2 * width;
        let (means, variances) = own.split_at_mut(width);
        let unbiased = rows / (rows - 1.0).max(1.0);
        let (mean, spread) =
            (download(mean.without_autodiff())?, download(variance.clone().without_autodiff())?);
        for at in 0..width {
            means[at] += MOMENTUM * (mean[at] - means[at]);
            variances[at] += MOMENTUM * (spread[at] * unbiased - variances[at]);
        }
        Ok(centred / (variance + VARIANCE_FLOOR).sqrt() * scale + shift)
    }
}

impl Tensors {
    /// A network with the parameters that [`crate::Fused::new`] would begin with, on the library's best device.
    ///
    /// # Errors
    /// The library's.
    pub fn new(network: Arc<Network>, stream: &mut Stream) -> Result<Self> {
        let device = Device::default();
        let parameters = network.initial(stream);
        let statistics = network.initial_statistics();
        let shapes = shapes(&network);
        let zeros = || split(&vec![0.0; parameters.len()], &shapes, &device);
        Ok(Self {
            parts: split(&parameters, &shapes, &device),
            gradients: zeros(),
            first: zeros(),
            second: zeros(),
            steps: 0,
            statistics,
            host: None,
            last: None,
            network,
            device,
        })
    }

    fn go(&mut self, batch: Batch, stream: &mut Stream) -> Result<Last> {
        check(&self.network, &batch)?;
        let tracked: Vec<Tensor<2>> =
            self.parts.iter().map(|part| part.clone().autodiff().require_grad()).collect();
        let mut forth = Forth {
            tracked: &tracked,
            at: 0,
            device: &self.device,
            statistics: &mut self.statistics,
            statistics_at: 0,
            stream,
            linear: Vec::new(),
            bends: Vec::new(),
        };
        let rows = batch.rows();
        let dense = upload(&batch.dense.data, [rows, batch.dense.columns], &self.device);
        let dense = dense.autodiff().require_grad();
        let mut x = dense.clone();
        if let Input::Embed { codes, outputs, .. } = self.network.input {
            let table = forth.take();
            x = forth.linear(x);
            if batch.per_row > 0 {
                // Behind the last code stands a row of zeros for samples that lack one.
                let table = Tensor::cat(vec![table, Tensor::<2>::zeros([1, outputs], &self.device)], 0);
                let places: Vec<i32> = batch
                    .codes
                    .iter()
                    .map(|&code| if code == NO_CODE { codes as i32 } else { code as i32 })
                    .collect();
                let places =
                    Tensor::<1, Int>::from_data(TensorData::new(places, [batch.codes.len()]), &self.device);
                let rows_of = table.select(0, places).reshape([rows, batch.per_row, outputs]);
                x = x + rows_of.sum_dim(1).reshape([rows, outputs]);
            }
        }
        let output = forth.layers(&self.network.layers, x)?;
        let Forth { linear, bends, .. } = forth;
        Ok(Last { batch, dense, output, tracked, linear, bends })
    }

    fn last(&mut self, gradient: &Matrix) -> Result<Last> {
        let last =
            self.last.take().ok_or_else(|| Error::Defect("a way back without a way forth".to_owned()))?;
        if last.output.dims() == [gradient.rows, gradient.columns] {
            Ok(last)
        } else {
            Err(Error::Defect("a gradient that does not fit the output".to_owned()))
        }
    }

    fn add(&mut self, part: usize, gradient: Tensor<2>) {
        let to = &mut self.gradients[part];
        *to = to.clone() + gradient;
    }

    fn add_all(&mut self, tracked: &[Tensor<2>], found: &burn::tensor::Gradients) {
        for (part, tensor) in tracked.iter().enumerate() {
            if let Some(gradient) = tensor.grad(found) {
                self.add(part, gradient);
            }
        }
    }
}

impl Engine for Tensors {
    fn network(&self) -> &Arc<Network> {
        &self.network
    }

    fn forward(&mut self, batch: Batch, stream: &mut Stream) -> Result<Matrix> {
        let last = self.go(batch, stream)?;
        let output = last.output.clone().without_autodiff();
        let [rows, columns] = output.dims();
        self.last = Some(last);
        Ok(Matrix::new(rows, columns, download(output)?))
    }

    fn backward(&mut self, gradient: Matrix, wanted: Wanted) -> Result<Matrix> {
        let last = self.last(&gradient)?;
        let weights = upload(&gradient.data, [gradient.rows, gradient.columns], &self.device);
        let found = (last.output * weights).sum().backward();
        if wanted.parameters {
            self.add_all(&last.tracked, &found);
        }
        input_gradient(&last.batch, last.dense.grad(&found).filter(|_| wanted.input))
    }

    fn backward_clipped(&mut self, gradient: Matrix, bound: f32, input: bool) -> Result<(Vec<f64>, Matrix)> {
        if self.network.mixes_samples() {
            return Err(Error::Defect("a network that mixes samples has no gradient of one".to_owned()));
        }
        let last = self.last(&gradient)?;
        let weights = upload(&gradient.data, [gradient.rows, gradient.columns], &self.device);
        let found = (last.output * weights).sum().backward();
        let entered = input_gradient(&last.batch, last.dense.grad(&found).filter(|_| input))?;
        let embeds = matches!(self.network.input, Input::Embed { .. });
        let mut squares = vec![0.0_f64; gradient.rows];
        let mut links = Vec::new();
        for (place, link) in last.linear.into_iter().enumerate() {
            let Some(back) = link.zero.grad(&found) else { continue };
            let [_, columns] = back.dims();
            let own = Matrix::new(gradient.rows, columns, download(back.clone())?);
            let [_, inputs] = link.input.dims();
            let input = Matrix::new(gradient.rows, inputs, download(link.input.clone())?);
            for (row, square) in squares.iter_mut().enumerate() {
                let mut square_in = functions::square(input.row(row)) + 1.0;
                if embeds && place == 0 {
                    let per_row = last.batch.per_row;
                    square_in += repeats(&last.batch.codes[row * per_row..(row + 1) * per_row]);
                }
                *square += square_in * functions::square(own.row(row));
            }
            links.push((link.part, link.input, back, embeds && place == 0));
        }
        let norms: Vec<f64> = squares.iter().map(|square| square.sqrt()).collect();
        let factors: Vec<f32> = norms.iter().map(|norm| clip_factor(*norm, bound)).collect();
        let factors = upload(&factors, [gradient.rows, 1], &self.device);
        for (part, input, back, entry) in links {
            let back = back * factors.clone();
            if entry && let Input::Embed { codes, outputs, .. } = self.network.input {
                let per_row = last.batch.per_row;
                // Codes that are absent fall on a last row, which is cut off.
                let mut table = Tensor::<2>::zeros([codes + 1, outputs], &self.device);
                for place in 0..per_row {
                    let own = last.batch.codes.iter().skip(place).step_by(per_row.max(1));
                    let places: Vec<i32> = own.map(|&code| code.min(codes as u32) as i32).collect();
                    let places =
                        Tensor::<1, Int>::from_data(TensorData::new(places, [gradient.rows]), &self.device);
                    table = table.select_assign(0, places, back.clone(), burn::tensor::IndexingUpdateOp::Add);
                }
                self.add(part - 1, table.narrow(0, 0, codes));
            }
            if input.dims()[1] > 0 {
                self.add(part, input.transpose().matmul(back.clone()));
            }
            self.add(part + 1, back.sum_dim(0));
        }
        Ok((norms, entered))
    }

    fn penalty(&mut self, batch: Matrix, weight: f32, stream: &mut Stream) -> Result<f64> {
        self.network.has_penalty()?;
        let rows = batch.rows;
        let last = self.go(Batch::dense(batch), stream)?;
        let mut flow = Tensor::<2>::ones([rows, 1], &self.device);
        let mut bends = last.bends.into_iter().rev().peekable();
        for (place, link) in last.linear.iter().enumerate().rev() {
            while let Some(bend) = bends.next_if(|bend| bend.behind == place + 1) {
                let positive = bend.output.clone().greater_elem(0.0).float();
                let negative = bend.output.lower_elem(0.0).float();
                let low = if let Activation::LeakyRelu(slope) = bend.bend { slope } else { 0.0 };
                flow = flow * (positive * bend.keep + negative * (low * bend.keep));
            }
            flow = flow.matmul(last.tracked[link.part].clone().transpose());
        }
        for bend in bends {
            let positive = bend.output.clone().greater_elem(0.0).float();
            let low = if let Activation::LeakyRelu(slope) = bend.bend { slope } else { 0.0 };
            flow = flow * (positive * bend.keep + bend.output.lower_elem(0.0).float() * (low * bend.keep));
        }
        let norm = ((flow.clone() * flow).sum_dim(1) + 1e-24).sqrt();
        let gap = norm - 1.0;
        let mean = (gap.clone() * gap).mean();
        let found = (mean.clone() * weight).backward();
        self.add_all(&last.tracked, &found);
        let mean = mean.without_autodiff().try_into_vec_as::<f32>();
        let mean = mean.map_err(|error| Error::Tensors(format!("{error:?}")))?;
        Ok(mean.first().copied().map_or(f64::NAN, f64::from))
    }

    fn gradient(&mut self) -> Result<&mut [f32]> {
        if self.host.is_none() {
            self.host = Some(join(&self.gradients)?);
        }
        Ok(self.host.as_deref_mut().unwrap_or_default())
    }

    fn step(&mut self, adam: &Adam) -> Result<()> {
        if let Some(host) = self.host.take() {
            self.gradients = split(&host, &shapes(&self.network), &self.device);
        }
        self.steps += 1;
        let power = |keep: f32| 1.0 - f64::from(keep).powi(self.steps.min(i32::MAX as u64) as i32);
        let ((a, b), decay) = (adam.keep, 1.0 - adam.rate * adam.decay);
        let rate = (f64::from(adam.rate) / power(a)) as f32;
        let spread = (1.0 / power(b)) as f32;
        for part in 0..self.parts.len() {
            let g = self.gradients[part].clone();
            let m = self.first[part].clone() * a + g.clone() * (1.0 - a);
            let v = self.second[part].clone() * b + g.clone() * g.clone() * (1.0 - b);
            let step = m.clone() * rate / ((v.clone() * spread).sqrt() + 1e-8);
            self.parts[part] = self.parts[part].clone() * decay - step;
            self.first[part] = m;
            self.second[part] = v;
            self.gradients[part] = g.zeros_like();
        }
        Ok(())
    }

    fn state(&self) -> Result<State> {
        let moments = Moments { first: join(&self.first)?, second: join(&self.second)?, steps: self.steps };
        Ok(State { parameters: join(&self.parts)?, statistics: self.statistics.clone(), moments })
    }

    fn restore(&mut self, state: State) -> Result<()> {
        state.fits(&self.network)?;
        let shapes = shapes(&self.network);
        self.parts = split(&state.parameters, &shapes, &self.device);
        self.first = split(&state.moments.first, &shapes, &self.device);
        self.second = split(&state.moments.second, &shapes, &self.device);
        self.steps = state.moments.steps;
        self.statistics = state.statistics;
        Ok(())
    }
}
