/** The build of onnxruntime-web that computes on the CPU. */
import * as ort from 'onnxruntime-web/wasm';
import { serveNetwork } from './engine-worker.js';
import { loaderOf } from './onnxruntime-network.js';

serveNetwork(loaderOf(ort));
