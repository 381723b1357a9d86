export { type MockedImage, mockImages } from "./mockedImages";
export { publishImage } from "./publishImage";
