/** The build of onnxruntime-web that knows WebGPU; its code for the CPU is slower than the other build's. */
import * as ort from 'onnxruntime-web/webgpu';
import { serveNetwork } from './engine-worker.js';
import { loaderOf } from './onnxruntime-network.js';

serveNetwork(loaderOf(ort));
