//! The network as an ONNX graph that runs without any code of ours: the normalisation stands before the backbone, the
//! temperature and the softmax behind the classifier, and the metadata say what the classes are and how a tile becomes
//! an image. Its layers are those of [`Architecture`], by which the network itself is built.

use prost::Message;

use super::ExportError;
use crate::kernels::{Activation, HARD_SIGMOID_ALPHA, HARD_SIGMOID_BETA};
use crate::model::architecture::{
    Architecture, BATCH_NORM_EPSILON, BlockLayers, ConvNormLayer, ConvShape, Layers, squeezed_channels,
};
use crate::model::head::{ClassifierConfig, HeadConfig, IMAGENET_NEURONS};
use crate::model::manifest::Manifest;
use crate::model::model_file::{ModelFile, ModelFileError};
use crate::model::parameters::{LayerMismatch, Parameters};
use crate::onnx_messages::{
    AttributeProto, DimensionProto, FLOAT, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
    attribute_type,
};
use crate::tile::Preprocessing;

/// The labels, a JSON array in the order of the probabilities.
pub const LABELS_KEY: &str = "tilelens.labels";
/// The [`Preprocessing`] as JSON, of which the graph itself does the normalisation.
pub const PREPROCESSING_KEY: &str = "tilelens.preprocessing";
/// The whole [`Manifest`] as JSON.
pub const MANIFEST_KEY: &str = "tilelens.manifest";

/// The operator set of ONNX 1.12; it has `HardSwish`, and every runtime of the last years reads it.
const OPERATOR_SET: i64 = 17;
/// `IR_VERSION` of ONNX 1.12.
const IR_VERSION: i64 = 8;

/// The name of the extent that the caller chooses.
const BATCH: &str = "batch";
const IMAGES: &str = "images";
const FEATURE_VECTORS: &str = "features";
const LOGITS: &str = "logits";
const PROBABILITIES: &str = "probabilities";

/// The bytes of an `.onnx` file of the whole model.
///
/// | | name | shape, f32 |
/// |---|---|---|
/// | input | `images` | `[batch, 3, crop_px, crop_px]`: RGB values from 0 to 255 |
/// | output | `probabilities` | `[batch, classes]` |
/// | output | `logits` | `[batch, classes]`, before the temperature |
/// | output | `features` | `[batch, 576]`, what the backbone gives |
///
/// # Errors
///
/// [`ExportError`] when the model has no classifier, or its weights do not fit its manifest.
pub fn to_onnx(file: &ModelFile) -> Result<Vec<u8>, ExportError> {
    let ModelFile { manifest, parameters } = file;
    manifest.check().map_err(ModelFileError::Manifest)?;
    if let Some(backbone) = &manifest.backbone {
        return Err(ExportError::HeadAlone(backbone.name.clone()));
    }

    let mut graph = Graph { parameters, nodes: Vec::new(), initializers: Vec::new() };
    let normalised = graph.normalisation(IMAGES, &manifest.preprocessing);
    let maps = graph.backbone(normalised, manifest.architecture)?;
    let pooled = graph.node("GlobalAveragePool", &[&maps], "avgpool", vec![]);
    let features = graph.node("Flatten", &[&pooled], FEATURE_VECTORS, vec![int("axis", 1)]);
    let logits = graph.classifier(&features, manifest)?;
    graph.probabilities(&logits, manifest.temperature);

    let side = manifest.preprocessing.crop_px as usize;
    let classes = manifest.classifier.num_classes();
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: env!("CARGO_PKG_NAME").into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: description(manifest),
        graph: Some(GraphProto {
            node: graph.nodes,
            name: "MobileNetV3-Small".into(),
            initializer: graph.initializers,
            input: vec![value(IMAGES, &[3, side, side])],
            output: vec![
                value(PROBABILITIES, &[classes]),
                value(LOGITS, &[classes]),
                value(FEATURE_VECTORS, &[manifest.architecture.features()]),
            ],
        }),
        opset_import: vec![OperatorSetIdProto { version: OPERATOR_SET }],
        metadata_props: metadata(manifest),
    };
    Ok(model.encode_to_vec())
}

/// What a person who opens the file needs to know.
fn description(manifest: &Manifest) -> String {
    let Manifest { name, preprocessing, temperature, .. } = manifest;
    let Preprocessing { resize_px, crop_px, .. } = preprocessing;
    format!(
        "{name}. To prepare a tile: decode it to 8-bit RGB, upright as its EXIF orientation says, transparent parts \
         on white; scale its shorter side to {resize_px} pixels and the longer one in proportion, cut to a whole \
         pixel (bilinear, antialiased, as Pillow's BILINEAR); cut {crop_px} × {crop_px} pixels from the centre. The \
         input `{IMAGES}` takes the planes red, green, blue of such tiles, values from 0 to 255; the graph \
         normalises them. `{PROBABILITIES}` are in the order of the JSON array in the metadata `{LABELS_KEY}`; \
         `{LOGITS}` are the class scores before they are divided by the temperature of {temperature}; \
         `{FEATURE_VECTORS}` are what the backbone gives."
    )
}

fn metadata(manifest: &Manifest) -> Vec<StringStringEntryProto> {
    let json = [
        (LABELS_KEY, serde_json::to_string(&manifest.labels)),
        (PREPROCESSING_KEY, serde_json::to_string(&manifest.preprocessing)),
        (MANIFEST_KEY, serde_json::to_string(manifest)),
    ];
    json.map(|(key, value)| StringStringEntryProto {
        key: key.into(),
        value: value.expect("a manifest has no map with odd keys"),
    })
    .into()
}

/// A graph as it grows. A method that adds a layer takes the name of the layer's input and gives that of its output.
struct Graph<'a> {
    parameters: &'a Parameters,
    nodes: Vec<NodeProto>,
    initializers: Vec<TensorProto>,
}

impl Graph<'_> {
    /// `[batch, 3, crop_px, crop_px]` of 0 to 255 → the same shape, as the backbone wants it.
    fn normalisation(&mut self, images: &str, preprocessing: &Preprocessing) -> String {
        let (scales, shifts): (Vec<f32>, Vec<f32>) = preprocessing.normalisation().into_iter().unzip();
        let scales = self.constant("normalisation.scale", &[1, 3, 1, 1], &scales);
        let scaled = self.node("Mul", &[images, &scales], "normalisation.scaled", vec![]);
        let shifts = self.constant("normalisation.shift", &[1, 3, 1, 1], &shifts);
        self.node("Sub", &[&scaled, &shifts], "normalisation", vec![])
    }

    /// `[batch, 3, height, width]` → `[batch, 576, height / 32, width / 32]`.
    fn backbone(&mut self, images: String, architecture: Architecture) -> Result<String, LayerMismatch> {
        let Layers { stem, blocks, last } = architecture.layers();
        let mut x = self.conv_norm_activation(&images, &stem)?;
        for block in &blocks {
            x = self.block(x, block)?;
        }
        self.conv_norm_activation(&x, &last)
    }

    fn block(&mut self, input: String, block: &BlockLayers) -> Result<String, LayerMismatch> {
        let mut x = input.clone();
        if let Some(expand) = &block.expand {
            x = self.conv_norm_activation(&x, expand)?;
        }
        x = self.conv_norm_activation(&x, &block.depthwise)?;
        if let Some(path) = &block.squeeze_excitation {
            x = self.squeeze_excitation(&x, path, block.depthwise.shape.output)?;
        }
        x = self.conv_norm_activation(&x, &block.project)?;
        Ok(if block.residual { self.node("Add", &[&x, &input], &block.path, vec![]) } else { x })
    }

    fn conv_norm_activation(&mut self, x: &str, layer: &ConvNormLayer) -> Result<String, LayerMismatch> {
        let ConvNormLayer { path, shape, activation } = layer;
        let conv = self.conv(x, &format!("{path}.0"), *shape, false)?;
        let normed = self.batch_norm(&conv, &format!("{path}.1"), shape.output)?;
        Ok(self.activation(normed, &format!("{path}.2"), *activation))
    }

    fn squeeze_excitation(&mut self, x: &str, path: &str, channels: usize) -> Result<String, LayerMismatch> {
        let squeezed = squeezed_channels(channels);
        let [squeeze, excite] =
            [ConvShape::pointwise(channels, squeezed), ConvShape::pointwise(squeezed, channels)];
        let pooled = self.node("GlobalAveragePool", &[x], &format!("{path}.avgpool"), vec![]);
        let fc1 = self.conv(&pooled, &format!("{path}.fc1"), squeeze, true)?;
        let hidden = self.activation(fc1, &format!("{path}.activation"), Activation::Relu);
        let fc2 = self.conv(&hidden, &format!("{path}.fc2"), excite, true)?;
        let scale = self.activation(fc2, &format!("{path}.scale_activation"), Activation::HardSigmoid);
        Ok(self.node("Mul", &[x, &scale], path, vec![]))
    }

    /// `[batch, 576]` → `[batch, classes]`.
    fn classifier(&mut self, features: &str, manifest: &Manifest) -> Result<String, ExportError> {
        let width = manifest.architecture.features();
        let (dense, neurons, activation, output, classes) = match manifest.classifier {
            ClassifierConfig::Head(HeadConfig { dense_neurons, num_classes, .. }) => {
                ("head.dense", dense_neurons, Activation::Relu, "head.output", num_classes)
            }
            ClassifierConfig::ImageNet { num_classes } => {
                ("classifier.0", IMAGENET_NEURONS, Activation::HardSwish, "classifier.3", num_classes)
            }
            ClassifierConfig::None => return Err(ExportError::NoClassifier),
        };
        let x = self.linear(features, dense, [width, neurons], dense)?;
        let x = self.activation(x, &format!("{dense}.activation"), activation);
        Ok(self.linear(&x, output, [neurons, classes], LOGITS)?)
    }

    fn probabilities(&mut self, logits: &str, temperature: f32) {
        let temperature = self.constant("temperature", &[], &[temperature]);
        let tempered = self.node("Div", &[logits, &temperature], "tempered", vec![]);
        self.node("Softmax", &[&tempered], PROBABILITIES, vec![int("axis", 1)]);
    }

    fn conv(&mut self, x: &str, path: &str, shape: ConvShape, bias: bool) -> Result<String, LayerMismatch> {
        let mut inputs = vec![x.to_owned(), self.parameter(format!("{path}.weight"), &shape.weight())?];
        if bias {
            inputs.push(self.parameter(format!("{path}.bias"), &[shape.output])?);
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let attributes = vec![
            ints("kernel_shape", &[shape.kernel; 2]),
            ints("strides", &[shape.stride; 2]),
            ints("pads", &[shape.padding(); 4]),
            int("group", shape.groups),
        ];
        Ok(self.node("Conv", &inputs, path, attributes))
    }

    fn batch_norm(&mut self, x: &str, path: &str, channels: usize) -> Result<String, LayerMismatch> {
        let mut vector = |name: &str| self.parameter(format!("{path}.{name}"), &[channels]);
        let [gamma, beta] = [vector("weight")?, vector("bias")?];
        let [mean, variance] = [vector("running_mean")?, vector("running_var")?];
        let epsilon = float("epsilon", BATCH_NORM_EPSILON as f32);
        let inputs = [x, &gamma, &beta, &mean, &variance];
        Ok(self.node("BatchNormalization", &inputs, path, vec![epsilon]))
    }

    /// `[batch, rows]` → `[batch, columns]`, by a weight in PyTorch's layout `[columns, rows]`.
    fn linear(
        &mut self,
        x: &str,
        path: &str,
        [rows, columns]: [usize; 2],
        output: &str,
    ) -> Result<String, LayerMismatch> {
        let weight = self.parameter(format!("{path}.weight"), &[columns, rows])?;
        let bias = self.parameter(format!("{path}.bias"), &[columns])?;
        Ok(self.node("Gemm", &[x, &weight, &bias], output, vec![int("transB", 1)]))
    }

    fn activation(&mut self, x: String, output: &str, activation: Activation) -> String {
        match activation {
            Activation::Identity => x,
            Activation::Relu => self.node("Relu", &[&x], output, vec![]),
            Activation::HardSwish => self.node("HardSwish", &[&x], output, vec![]),
            Activation::HardSigmoid => {
                let slope =
                    vec![float("alpha", HARD_SIGMOID_ALPHA as f32), float("beta", HARD_SIGMOID_BETA as f32)];
                self.node("HardSigmoid", &[&x], output, slope)
            }
        }
    }

    /// Adds a node that is called by its one output.
    fn node(
        &mut self,
        op_type: &str,
        inputs: &[&str],
        output: &str,
        attributes: Vec<AttributeProto>,
    ) -> String {
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output.into()],
            name: output.into(),
            op_type: op_type.into(),
            attribute: attributes,
        });
        output.into()
    }

    /// Adds a weight of the model under its own name.
    fn parameter(&mut self, name: String, shape: &[usize]) -> Result<String, LayerMismatch> {
        let parameter = self.parameters.get(&name, shape)?;
        Ok(self.constant(&name, shape, &parameter.values))
    }

    fn constant(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        self.initializers.push(TensorProto {
            dims: integers(shape),
            data_type: FLOAT,
            name: name.into(),
            raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            ..TensorProto::default()
        });
        name.into()
    }
}

fn int(name: &str, value: usize) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        i: Some(value as i64),
        r#type: attribute_type::INT,
        ..AttributeProto::default()
    }
}

fn ints(name: &str, values: &[usize]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        ints: integers(values),
        r#type: attribute_type::INTS,
        ..AttributeProto::default()
    }
}

fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        f: Some(value),
        r#type: attribute_type::FLOAT,
        ..AttributeProto::default()
    }
}

/// An input or output of the graph: f32, `[batch, …extents]`.
fn value(name: &str, extents: &[usize]) -> ValueInfoProto {
    let batch = DimensionProto { dim_value: None, dim_param: Some(BATCH.into()) };
    let extents = integers(extents).into_iter();
    let extents = extents.map(|extent| DimensionProto { dim_value: Some(extent), dim_param: None });
    let shape = TensorShapeProto { dim: std::iter::once(batch).chain(extents).collect() };
    let tensor_type = Some(TensorTypeProto { elem_type: FLOAT, shape: Some(shape) });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}

/// Extents as ONNX writes them.
fn integers(values: &[usize]) -> Vec<i64> {
    values.iter().map(|&value| value as i64).collect()
}
