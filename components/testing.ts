export { type MockedImage, mockImages } from "./publish";
